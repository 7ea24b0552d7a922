# The few build rules every folder shares.

if(HOWDAH_SANITIZE)
  # Without vptr: a tenth of the compile time for what AddressSanitizer finds, too.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Up to 1 GB per compiler before it collects garbage: an eighth less time.
  add_compile_options(--param=ggc-min-expand=1000 --param=ggc-min-heapsize=1048576)
endif()
if(HOWDAH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
if(HOWDAH_WERROR)
  add_compile_options(-Werror)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Asio is compiled once (BOOST_ASIO_SEPARATE_COMPILATION), which halves the build time of its users.
add_library(asio STATIC cmake/asio.cpp)
target_compile_definitions(asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(asio PUBLIC Boost::headers OpenSSL::SSL Threads::Threads)
target_compile_options(asio PRIVATE -w)

# So is Boost.JSON. It does nothing but compute: pure folders may use it.
add_library(json STATIC cmake/json.cpp)
target_link_libraries(json PUBLIC Boost::headers)
target_compile_options(json PRIVATE -w)

# The preset "dev" compiles several files of a library as one, which takes half the time. So what a file keeps to itself
# needs a name of its own within the library, and within a test program; what two files need goes into a header.
#
# howdah_library(NAME [PURE] [DIR folder | DIRS folder...] [LINKS ...] [PRIVATE_LINKS ...]): a static library of all
# .cpp files directly in the folder(s). Becomes an interface library while a folder has no .cpp yet.
function(howdah_library name)
  cmake_parse_arguments(ARG "PURE" "DIR" "DIRS;LINKS;PRIVATE_LINKS" ${ARGN})
  set(dirs ${ARG_DIR} ${ARG_DIRS})
  if(NOT dirs)
    set(dirs ${name})
  endif()
  set(sources)
  foreach(dir IN LISTS dirs)
    file(GLOB found CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/${dir}/*.cpp")
    list(APPEND sources ${found})
  endforeach()
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${CMAKE_SOURCE_DIR}")
    target_link_libraries(${name} INTERFACE ${ARG_LINKS})
  endif()
endfunction()

# The programs, as Debian's pgpool2 names them, straight into the build folder. One file under many names: which one it
# was called by tells it what to be.
set(HOWDAH_PROGRAM_NAMES
    pgpool pg_md5 pcp_attach_node pcp_detach_node pcp_health_check_stats pcp_node_count pcp_node_info pcp_pool_status
    pcp_proc_count pcp_proc_info pcp_promote_node pcp_recovery_node pcp_reload_config pcp_stop_pgpool
    pcp_watchdog_info)
function(howdah_programs)
  include(GNUInstallDirs)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/gateway/*.cpp")
  add_executable(howdah ${sources})
  set_target_properties(howdah PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  target_link_libraries(howdah PRIVATE gateway_io conf_io agent_io failover_io health_io pcp_io pcp_client pcp asio CLI11::CLI11
                                       PostgreSQL::PostgreSQL)
  install(TARGETS howdah RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
  foreach(name IN LISTS HOWDAH_PROGRAM_NAMES)
    add_custom_command(TARGET howdah POST_BUILD COMMAND ${CMAKE_COMMAND} -E create_symlink howdah ${name}
                       WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
    install(FILES "${CMAKE_BINARY_DIR}/${name}" DESTINATION ${CMAKE_INSTALL_SBINDIR})
  endforeach()
  # Debian's place for a package under /usr is /etc; the prefix is known at installation only.
  install(CODE "if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
                  set(place /etc/howdah)
                else()
                  set(place \${CMAKE_INSTALL_PREFIX}/etc/howdah)
                endif()
                file(INSTALL \"${CMAKE_SOURCE_DIR}/conf/pgpool.conf.sample\" DESTINATION \${place})")
  install(FILES "${CMAKE_SOURCE_DIR}/deploy/howdah.service" DESTINATION lib/systemd/system)
  install(FILES "${CMAKE_SOURCE_DIR}/README.md" DESTINATION ${CMAKE_INSTALL_DOCDIR})
  install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
endfunction()

# howdah_unit_test(NAME DIRS folder... LINKS ...): one Catch2 program of all *_test.cpp in the folders.
function(howdah_unit_test name)
  cmake_parse_arguments(ARG "" "" "DIRS;LINKS" ${ARGN})
  set(sources)
  foreach(dir IN LISTS ARG_DIRS)
    file(GLOB found CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*_test.cpp")
    list(APPEND sources ${found})
  endforeach()
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE test_support ${ARG_LINKS})
    target_compile_definitions(${name} PRIVATE TEST_SOURCE_DIR="${CMAKE_SOURCE_DIR}/tests" PROJECT_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME unit.${name} COMMAND ${name})
  endif()
endfunction()
