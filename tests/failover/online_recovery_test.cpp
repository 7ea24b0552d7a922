#include "failover/online_recovery.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

constexpr Instant kStart = Instant(1000s);

RecoveryTask a_task() {
  return {.primary = {.id = NodeId{0}, .host = "10.0.0.1", .port = 5432, .data_directory = "/data/zero"},
          .node = {.id = NodeId{2}, .host = "/run/pg", .port = 5433, .data_directory = "/it's"},
          .user = "postgres",
          .database = "template1",
          .script = "copy_me",
          .start_limit = 10s};
}

RecoveryOutcome sql_error(std::string sqlstate, std::string error) {
  return {.is_ok = false, .sqlstate = std::move(sqlstate), .error = std::move(error)};
}
RecoveryOutcome no_connection() { return {.is_ok = false, .is_connected = false, .error = "refused"}; }
RecoveryOutcome row(std::string value) { return {.row = {std::move(value)}}; }

std::string asked(const RecoveryAction& action) {
  REQUIRE(std::holds_alternative<AskPrimary>(action));
  return std::get<AskPrimary>(action).sql;
}
AskNode knock(const RecoveryAction& action) {
  REQUIRE(std::holds_alternative<AskNode>(action));
  return std::get<AskNode>(action);
}
Error failure_of(const RecoveryAction& action) {
  REQUIRE(std::holds_alternative<Finished>(action));
  REQUIRE(!std::get<Finished>(action).result);
  return std::get<Finished>(action).result.error();
}
template <typename Action>
bool is(const RecoveryAction& action) {
  return std::holds_alternative<Action>(action);
}

}  // namespace

TEST_CASE("an online recovery runs the script, starts the server, waits for it and attaches it") {
  OnlineRecovery recovery(a_task());
  CHECK(asked(recovery.step({}, kStart)) ==
        "SELECT pgpool_recovery('copy_me', 'localhost', '/it''s', '5432', 2, '5433', '10.0.0.1')");
  CHECK(asked(recovery.step({}, kStart + 3h)) == "SELECT pgpool_remote_start('localhost', '/it''s')");
  CHECK(knock(recovery.step({}, kStart + 3h)).database == "postgres");
  CHECK(is<Pause>(recovery.step(no_connection(), kStart + 3h)));
  CHECK(knock(recovery.step({}, kStart + 3h + 1s)).database == "template1");
  CHECK(is<Attach>(recovery.step(row("t"), kStart + 3h + 2s)));
  CHECK(is<LookAtNode>(recovery.step({}, kStart + 3h + 2s)));
  CHECK(is<Pause>(recovery.step({.is_ok = false, .error = "not answered yet"}, kStart + 3h + 2s)));
  CHECK(is<LookAtNode>(recovery.step({}, kStart + 3h + 3s)));
  const RecoveryAction last = recovery.step({}, kStart + 3h + 3s);
  REQUIRE(is<Finished>(last));
  CHECK(std::get<Finished>(last).result.has_value());
}

TEST_CASE("without a script only the server is started") {
  RecoveryTask task = a_task();
  task.script.clear();
  OnlineRecovery recovery(task);
  CHECK(asked(recovery.step({}, kStart)).starts_with("SELECT pgpool_remote_start("));
}

TEST_CASE("older versions of the extension take fewer arguments, and none at all is told with the remedy") {
  OnlineRecovery recovery(a_task());
  recovery.step({}, kStart);
  CHECK(asked(recovery.step(sql_error("42883", "no such function"), kStart)) ==
        "SELECT pgpool_recovery('copy_me', 'localhost', '/it''s', '5432', 2, '5433')");
  recovery.step(sql_error("42883", "no such function"), kStart);
  recovery.step(sql_error("42883", "no such function"), kStart);
  CHECK(asked(recovery.step(sql_error("42883", "no such function"), kStart)) ==
        "SELECT pgpool_recovery('copy_me', 'localhost', '/it''s')");
  const Error error = failure_of(recovery.step(sql_error("42883", "no such function"), kStart));
  CHECK(error.hint == "CREATE EXTENSION pgpool_recovery in database template1");
}

TEST_CASE("each stage that fails is told in Pgpool's words, and nothing is attached") {
  const auto after = [](std::vector<RecoveryOutcome> outcomes) {
    OnlineRecovery recovery(a_task());
    RecoveryAction action = recovery.step({}, kStart);
    for (const auto& outcome : outcomes) action = recovery.step(outcome, kStart);
    return failure_of(action);
  };
  CHECK(after({no_connection()}).message == "node recovery failed, unable to connect to main node: 0");
  const Error script = after({sql_error("XX000", "pgpool_recovery failed")});
  CHECK(script.message == "executing recovery, execution of command failed at \"1st stage\"");
  CHECK(script.detail == "command:\"copy_me\": pgpool_recovery failed");
  CHECK(after({{}, sql_error("XX000", "pgpool_remote_start failed")}).message ==
        "executing remote start failed with error: \"pgpool_remote_start failed\"");
  CHECK(after({{}, {}, row("f")}).message == "node recovery failed, node 2 was started as a primary");
}

TEST_CASE("a server that does not come up, or may not be used, is waited for until recovery_timeout") {
  OnlineRecovery recovery(a_task());
  for (int i = 0; i < 2; ++i) recovery.step({}, kStart);
  recovery.step({}, kStart);
  SECTION("it does not answer") {
    CHECK(is<Pause>(recovery.step(no_connection(), kStart + 9s)));
    recovery.step({}, kStart + 9s);
    const Error error = failure_of(recovery.step(no_connection(), kStart + 10s));
    CHECK(error.message == "recovery is checking if postmaster is started");
    CHECK(error.detail ==
          "postmaster on hostname:\"/run/pg\" port:5433 user:\"postgres\" failed to start in 10 second: refused");
  }
  SECTION("it is refused") {
    recovery.step(row("t"), kStart + 1s);
    CHECK(is<Pause>(recovery.step({.is_ok = false, .error = "another system"}, kStart + 2s)));
    knock(recovery.step({}, kStart + 3s));
    CHECK(is<Attach>(recovery.step(row("t"), kStart + 3s)));
    CHECK(failure_of(recovery.step({.is_ok = false, .error = "another system"}, kStart + 10s)).detail == "another system");
  }
  SECTION("it is not used") {
    recovery.step(row("t"), kStart + 1s);
    recovery.step({}, kStart + 1s);
    CHECK(failure_of(recovery.step({.is_ok = false, .error = "lost"}, kStart + 10s)).message ==
          "node 2 was recovered, but is not in use");
  }
}
