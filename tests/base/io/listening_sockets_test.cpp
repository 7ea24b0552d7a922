#include "base/io/listening_sockets.hpp"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/io/socket.hpp"

using namespace howdah;

namespace {

class SocketFolder {
 public:
  SocketFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "howdah_listen_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~SocketFolder() { std::filesystem::remove_all(path_); }
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string socket_file(std::uint16_t port) const { return unix_socket_path(path_, port); }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a port that is free is the same for all addresses, and taken for others") {
  const SocketFolder folder;
  auto opened = open_listening_sockets({.addresses = {"127.0.0.1", "127.0.0.2"}, .unix_directories = {folder.path()}});
  REQUIRE(opened.has_value());
  REQUIRE(opened->size() == 3);
  const std::uint16_t port = opened->front().port();
  CHECK(port != 0);
  for (const ListeningSocket& socket : *opened) CHECK(socket.port() == port);
  CHECK(opened->back().name() == folder.socket_file(port));
  const auto again = open_listening_sockets({.addresses = {"127.0.0.2"}, .port = port});
  REQUIRE_FALSE(again.has_value());
  CHECK(to_text(again.error()).find("127.0.0.2 port " + std::to_string(port)) != std::string::npos);
}

TEST_CASE("a socket file is replaced where nobody listens, and goes with its socket") {
  const SocketFolder folder;
  const ListenOptions options{.port = 5432, .unix_directories = {folder.path()}, .unix_permissions = 0700};
  {
    const auto first = open_listening_sockets(options);
    REQUIRE(first.has_value());
    struct stat made {};
    REQUIRE(::stat(folder.socket_file(5432).c_str(), &made) == 0);
    CHECK((made.st_mode & 0777) == 0700);
    CHECK_FALSE(open_listening_sockets(options).has_value());  // somebody listens
    CHECK(std::filesystem::exists(folder.socket_file(5432)));
  }
  CHECK_FALSE(std::filesystem::exists(folder.socket_file(5432)));
  const auto address = unix_address(folder.socket_file(5432));
  REQUIRE(address.has_value());
  {
    const UniqueFd crashed = open_socket(AF_UNIX);
    REQUIRE(::bind(crashed.value(), address->raw(), address->size) == 0);
  }
  CHECK(open_listening_sockets(options).has_value());
}

TEST_CASE("a file that is no socket is left alone") {
  const SocketFolder folder;
  std::ofstream(folder.socket_file(5432)) << "precious";
  CHECK_FALSE(open_listening_sockets({.port = 5432, .unix_directories = {folder.path()}}).has_value());
  CHECK(std::filesystem::is_regular_file(folder.socket_file(5432)));
}

TEST_CASE("what was opened before an address that cannot be had is closed again") {
  const SocketFolder folder;
  const std::string too_long(200, 'x');
  CHECK_FALSE(open_listening_sockets({.port = 5432, .unix_directories = {folder.path(), too_long}}).has_value());
  CHECK_FALSE(std::filesystem::exists(folder.socket_file(5432)));
}
