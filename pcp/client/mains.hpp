// The entry points of the command line tools. gateway/main.cpp calls them when the program is run under one of their
// names, or as `howdah pcp <command> ...`.
#pragma once

#include <string_view>

namespace howdah::pcp {

// What they exit with. Failed: bad usage, no connection, wrong password, or the server answered ERROR.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;

// True for "pcp_node_info", "node-info" and the like.
bool is_pcp_tool(std::string_view name);

// argv[0] is not looked at; argv[1] is the tool's first argument.
int pcp_client_main(std::string_view tool, int argc, char** argv);
int pg_md5_main(int argc, char** argv);

}  // namespace howdah::pcp
