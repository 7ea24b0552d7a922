#include "pcp/client/tool_call.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::pcp;

TEST_CASE("a tool is known by any of its spellings") {
  CHECK(tool_name("pcp_node_info") == "pcp_node_info");
  CHECK(tool_name("node-info") == "pcp_node_info");
  CHECK(tool_name("node_info") == "pcp_node_info");
  CHECK(tool_name("nodes").empty());
  CHECK(tool_name("").empty());
  CHECK(tool_name("pcp_").empty());
}

TEST_CASE("command lines become the request that Pgpool's own tools send") {
  struct Row {
    std::string tool;
    std::vector<std::string> words;
    char letter;
    std::string payload;
  };
  const auto text = [](std::string_view number) { return std::string(number).append(1, '\0'); };
  const std::vector<Row> rows{
      {"pcp_node_count", {}, 'L', ""},
      {"pcp_node_info", {}, 'I', text("-1")},
      {"pcp_node_info", {"-a"}, 'I', text("-1")},
      {"pcp_node_info", {"-n", "2"}, 'I', text("2")},
      {"pcp_node_info", {"2"}, 'I', text("2")},
      {"pcp_node_info", {"-vn2"}, 'I', text("2")},
      {"pcp_node_info", {"--node-id=2"}, 'I', text("2")},
      {"pcp_node_info", {"--node-id", "2"}, 'I', text("2")},
      {"pcp_proc_info", {}, 'P', text("0")},
      {"pcp_proc_info", {"-P", "6130"}, 'P', text("6130")},
      {"pcp_attach_node", {"-w", "-h", "localhost", "-p", "9898", "-U", "pgpool", "1"}, 'C', text("1")},
      {"pcp_detach_node", {"1"}, 'D', text("1")},
      {"pcp_detach_node", {"-g", "1"}, 'd', text("1")},
      {"pcp_detach_node", {"1", "--gracefully"}, 'd', text("1")},
      {"pcp_promote_node", {"-s", "1"}, 'J', std::string("1 \0s", 4)},
      {"pcp_promote_node", {"1"}, 'J', std::string("1 \0n", 4)},
      {"pcp_promote_node", {"-g", "--switchover", "-n", "1"}, 'j', std::string("1 \0s", 4)},
      {"pcp_stop_pgpool", {}, 'T', "s"},
      {"pcp_stop_pgpool", {"-m", "fast"}, 'T', "f"},
      {"pcp_stop_pgpool", {"-mi", "-s", "cluster"}, 't', "i"},
      {"pcp_reload_config", {}, 'Z', "l"},
      {"pcp_reload_config", {"--scope=c"}, 'Z', "c"},
      {"pcp_watchdog_info", {}, 'W', text("-1")},
      {"pcp_watchdog_info", {"-n", "0"}, 'W', text("0")},
  };
  for (const Row& row : rows) {
    const auto call = parse_tool_call(row.tool, row.words);
    CAPTURE(row.tool, row.words);
    REQUIRE(call.has_value());
    CHECK(call->command->letter == row.letter);
    CHECK(make_payload(call->command->arguments, call->arguments) == row.payload);
  }
}

TEST_CASE("a command line that makes no sense is refused with the reason") {
  struct Row {
    std::string tool;
    std::vector<std::string> words;
    std::string message;
  };
  const std::vector<Row> rows{
      {"pcp_attach_node", {}, "missing node-id"},
      {"pcp_attach_node", {"one"}, "\"one\" is not a number"},
      {"pcp_attach_node", {"1", "2"}, "more than one number: \"2\""},
      {"pcp_attach_node", {"-n", "128"}, "node-id is out of range"},
      {"pcp_attach_node", {"-n"}, "option requires an argument -- 'n'"},
      {"pcp_attach_node", {"-g", "1"}, "invalid option -- 'g'"},
      {"pcp_node_count", {"--all"}, "unrecognized option '--all'"},
      {"pcp_node_count", {"3"}, "unexpected word \"3\""},
      {"pcp_node_count", {"--verbose=1"}, "option '--verbose' doesn't allow an argument"},
      {"pcp_node_count", {"-p", "0"}, "invalid port number"},
      {"pcp_node_count", {"-p", "99999"}, "invalid port number"},
      {"pcp_stop_pgpool", {"-m", "hard"}, "invalid mode: \"hard\""},
      {"pcp_reload_config", {"-s", "all"}, "invalid scope: \"all\""},
      {"pcp_nothing", {}, "no such command: \"pcp_nothing\""},
  };
  for (const Row& row : rows) {
    const auto call = parse_tool_call(row.tool, row.words);
    CAPTURE(row.tool, row.words);
    REQUIRE(call.has_error());
    CHECK(call.error().message == row.message);
  }
}

TEST_CASE("help shows the options a tool has and no others") {
  CHECK(usage_text("pcp_promote_node").find("--switchover") != std::string::npos);
  CHECK(usage_text("pcp_node_count").find("--switchover") == std::string::npos);
  CHECK(usage_text("pcp_node_count").find("--verbose") != std::string::npos);
}
