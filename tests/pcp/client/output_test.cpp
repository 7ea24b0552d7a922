#include "pcp/client/output.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::pcp;

namespace {

ToolCall call_of(std::string_view name, bool is_verbose) {
  return {.command = find_command(name, Variant::plain), .is_verbose = is_verbose};
}

std::string output(std::string_view name, const ServerReply& reply, bool is_verbose = false) {
  const auto text = render_output(call_of(name, is_verbose), reply);
  REQUIRE(text.has_value());
  return *text;
}

const Record kNode43{"127.0.0.1", "15501",   "2", "0", "up", "715827882.333333",
                     "3",         "standby", "0", "",  "",   "1795234125"};
const Record kNode47{"127.0.0.1", "15502", "2",     "0",         "up",    "715827882.333333", "3",
                     "standby",   "1",     "65855", "streaming", "async", "1795234125"};

const Record kProcess{"7423",
                      "2026-11-21 04:09:14 (4:56 before process restarting)",
                      "1",
                      "0",
                      "0",
                      "test",
                      "postgres",
                      "2026-11-21 04:09:14",
                      "2026-11-21 04:09:15",
                      "2026-11-21 04:09:16",
                      "7",
                      "3",
                      "2",
                      "5",
                      "7491",
                      "0",
                      "Wait for connection",
                      "0",
                      "127.0.0.1",
                      "58734",
                      "DISCARD ALL"};

}  // namespace

TEST_CASE("tools without data say that they were successful") {
  CHECK(output("attach_node", {}) == "pcp_attach_node -- Command Successful\n");
  CHECK(output("reload_config", {}, true) == "pcp_reload_config -- Command Successful\n");
}

TEST_CASE("pcp_node_count") {
  CHECK(output("node_count", {.texts = {"3"}}) == "3\n");
  CHECK(output("node_count", {.texts = {"3"}}, true) == "Node Count\n____________\n 3\n");
}

TEST_CASE("pcp_node_info reads records of 4.3 and of 4.7") {
  CHECK(output("node_info", {.records = {kNode43, kNode47}}) ==
        "127.0.0.1 15501 2 0.333333 up up standby standby 0 none none 2026-11-21 04:08:45\n"
        "127.0.0.1 15502 2 0.333333 up up standby standby 0.065855 streaming async 2026-11-21 04:08:45\n");
  CHECK(output("node_info", {.records = {kNode43}}, true) ==
        "Hostname               : 127.0.0.1\n"
        "Port                   : 15501\n"
        "Status                 : 2\n"
        "Weight                 : 0.333333\n"
        "Status Name            : up\n"
        "Backend Status Name    : up\n"
        "Role                   : standby\n"
        "Backend Role           : standby\n"
        "Replication Delay      : 0\n"
        "Replication State      : none\n"
        "Replication Sync State : none\n"
        "Last Status Change     : 2026-11-21 04:08:45\n\n");
  CHECK(output("node_info", {.records = {kNode47}}, true).find("Replication Delay      : 0.065855 second(s)\n") !=
        std::string::npos);
}

TEST_CASE("pcp_node_info shows quarantine instead of the state") {
  Record record = kNode43;
  record[3] = "1";
  CHECK(output("node_info", {.records = {record}}) ==
        "127.0.0.1 15501 2 0.333333 quarantine up standby standby 0 none none 2026-11-21 04:08:45\n");
}

TEST_CASE("pcp_health_check_stats keeps the place of an empty date") {
  const Record texts{"1",
                     "127.0.0.1",
                     "15501",
                     "up",
                     "standby",
                     "2026-11-21 04:08:45",
                     "1",
                     "1",
                     "0",
                     "0",
                     "0",
                     "0.000000",
                     "0",
                     "26",
                     "26",
                     "26.000000",
                     "2026-11-21 04:08:43",
                     "2026-11-21 04:08:43",
                     "",
                     ""};
  CHECK(output("health_check_stats", {.texts = texts}) ==
        "1 127.0.0.1 15501 up standby 2026-11-21 04:08:45 1 1 0 0 0 0.000000 0 26 26 26.000000 2026-11-21 04:08:43 "
        "2026-11-21 04:08:43  \n");
  CHECK(output("health_check_stats", {.texts = texts}, true).starts_with("Node Id                       : 1\n"));
}

TEST_CASE("pcp_proc_count") {
  CHECK(output("proc_count", {.texts = {"2", "6130", "6131"}}) == "6130 6131 \n");
  CHECK(output("proc_count", {.texts = {"2", "6130", "6131"}}, true) ==
        "No \t | \t PID\n_____________________\n0 \t | \t 6130\n1 \t | \t 6131\n\nTotal Processes:2\n");
}

TEST_CASE("pcp_proc_info has an order of its own and leaves out the slot") {
  const Record of_43(kProcess.begin(), kProcess.begin() + 17);
  CHECK(output("proc_info", {.records = {of_43}}) ==
        "test postgres 2026-11-21 04:09:14 (4:56 before process restarting) 1 3 2 2026-11-21 04:09:14 "
        "2026-11-21 04:09:15 7 2026-11-21 04:09:16 5 7491 0 7423 0 Wait for connection\n");
  CHECK(output("proc_info", {.records = {kProcess}}, true) ==
        "Database                  : test\n"
        "Username                  : postgres\n"
        "Start time                : 2026-11-21 04:09:14 (4:56 before process restarting)\n"
        "Client connection count   : 1\n"
        "Major                     : 3\n"
        "Minor                     : 2\n"
        "Backend connection time   : 2026-11-21 04:09:14\n"
        "Client connection time    : 2026-11-21 04:09:15\n"
        "Client idle duration      : 7\n"
        "Client disconnection time : 2026-11-21 04:09:16\n"
        "Pool Counter              : 5\n"
        "Backend PID               : 7491\n"
        "Connected                 : 0\n"
        "PID                       : 7423\n"
        "Backend ID                : 0\n"
        "Status                    : Wait for connection\n"
        "Load balance node         : 0\n"
        "client_host               : 127.0.0.1\n"
        "client_port               : 58734\n"
        "statement                 : DISCARD ALL\n\n");
}

TEST_CASE("pcp_proc_info shows free slots only when asked") {
  Record free_slot = kProcess;
  free_slot[5] = "";
  const ServerReply reply{.records = {free_slot}};
  CHECK(output("proc_info", reply) == "No process information available\n\n");
  ToolCall call = call_of("proc_info", false);
  call.shows_free_slots = true;
  const auto text = render_output(call, reply);
  REQUIRE(text.has_value());
  CHECK(text->starts_with(" postgres"));
}

TEST_CASE("pcp_pool_status") {
  const ServerReply reply{.records = {{"backend_clustering_mode", "1", "clustering mode"}}};
  CHECK(output("pool_status", reply) == "name : backend_clustering_mode\nvalue: 1\ndesc : clustering mode\n\n");
  CHECK(output("pool_status", reply, true) ==
        "Name [  0]:\tbackend_clustering_mode\nValue:      \t1\nDescription:\tclustering mode\n\n");
}

TEST_CASE("pcp_watchdog_info") {
  const ServerReply reply{
      .texts = {
          R"({"RemoteNodeCount":2,"MemberRemoteNodeCount":2,"NodesRequireForQuorum":2,"QuorumStatus":1,"AliveNodeCount":2,)"
          R"("Escalated":0,"LeaderNodeName":"127.0.0.1:21200 Linux vm","LeaderHostName":"127.0.0.1","NodeCount":1,)"
          R"("WatchdogNodes":[{"ID":0,"State":7,"Membership":0,"MembershipString":"MEMBER",)"
          R"("NodeName":"127.0.0.1:21000 Linux vm","HostName":"127.0.0.1","StateName":"STANDBY","DelegateIP":"Not_Set",)"
          R"("WdPort":21002,"PgpoolPort":21000,"Priority":1}]})"}};
  CHECK(output("watchdog_info", reply) ==
        "3 3 NO 127.0.0.1:21200 Linux vm 127.0.0.1\n\n127.0.0.1:21000 Linux vm 127.0.0.1 21000 21002 7 STANDBY 0 "
        "MEMBER\n");
  CHECK(output("watchdog_info", reply, true) ==
        "Watchdog Cluster Information \n"
        "Total Nodes              : 3\n"
        "Remote Nodes             : 2\n"
        "Member Remote Nodes      : 2\n"
        "Alive Remote Nodes       : 2\n"
        "Nodes required for quorum: 2\n"
        "Quorum state             : QUORUM EXIST\n"
        "Local node escalation    : NO\n"
        "Leader Node Name         : 127.0.0.1:21200 Linux vm\n"
        "Leader Host Name         : 127.0.0.1\n"
        "\n"
        "Watchdog Node Information \n"
        "Node Name         : 127.0.0.1:21000 Linux vm\n"
        "Host Name         : 127.0.0.1\n"
        "Delegate IP       : Not_Set\n"
        "Pgpool port       : 21000\n"
        "Watchdog port     : 21002\n"
        "Node priority     : 1\n"
        "Status            : 7\n"
        "Status Name       : STANDBY\n"
        "Membership Status : MEMBER\n\n");
}

TEST_CASE("records of an unknown form are an error, not a guess") {
  const std::vector<std::pair<std::string_view, ServerReply>> rows{
      {"node_info", {.records = {{"127.0.0.1", "15501"}}}},
      {"proc_info", {.records = {{"1", "2"}}}},
      {"pool_status", {.records = {{"1"}}}},
      {"health_check_stats", {.texts = {"1"}}},
      {"node_count", {}},
      {"proc_count", {}},
      {"watchdog_info", {.texts = {"{"}}},
      {"watchdog_info", {.texts = {"{}"}}},
  };
  for (const auto& [name, reply] : rows) {
    CAPTURE(name);
    CHECK(render_output(call_of(name, false), reply).has_error());
    CHECK(render_output(call_of(name, true), reply).has_error());
  }
}
