#include "health/probe_query.hpp"

#include <catch2/catch.hpp>

#include "health/failure_kind.hpp"

using namespace howdah;
using namespace howdah::health;

TEST_CASE("a primary's row is read") {
  const auto result = parse_probe_row({"0", "7310000000000000001", "2", "0/3000100", "0/3000060", {}, {}, {}, {}, {}, {}, {},
                                       "n1\t10.0.0.1\t4711\tstreaming\tasync\t1500\nn2\t\t-1\tbackup\t\t", "ANY 1 (n1, n2)", "1795651270.5 0/3000000", "4294968029", "12.5 0.25"});
  REQUIRE(result.has_value());
  CHECK_FALSE(result->in_recovery);
  CHECK(result->system_identifier == 7310000000000000001u);
  CHECK(result->position() == Lsn{0x3000060});
  REQUIRE(result->standbys.size() == 2);
  CHECK(result->standbys[0].replay_lag == 1500us);
  CHECK(result->synchronous_names == "ANY 1 (n1, n2)");
  CHECK(result->run == "1795651270.5 0/3000000");
  CHECK(result->first_xid == 4294968029);
  REQUIRE(result->run_beginning.has_value());
  CHECK(result->run_beginning->age == Duration(12500ms));
  CHECK(result->run_beginning->took == Duration(250ms));
  CHECK(result->standbys[1].client_port == -1);
  CHECK_FALSE(result->standbys[1].replay_lag.has_value());
}

TEST_CASE("a standby's position is the further of received and replayed") {
  const auto result = parse_probe_row({"1", "7", "1", {}, {}, "0/3000000", "0/3000060", "streaming", "1", "0.25", "pg0", "5432", {}, "", {}, {}, {}});
  REQUIRE(result.has_value());
  CHECK(result->position() == Lsn{0x3000060});
  CHECK(result->last_message_age == Duration(250ms));
  CHECK(result->sender_port == 5432);
}

TEST_CASE("something else than the row is an error, not a guess") {
  CHECK_FALSE(parse_probe_row({}).has_value());
  CHECK_FALSE(parse_probe_row({"1"}).has_value());
  CHECK_FALSE(parse_probe_row(ProbeRow(17)).has_value());
}

TEST_CASE("what a failed connection means") {
  struct Row {
    const char *sqlstate, *message;
    FailureKind expected;
  };
  for (const Row& row : {Row{"", "connection to server at \"x\" failed: Connection refused", FailureKind::refused},
                         Row{"", "FATAL:  the database system is starting up", FailureKind::starting_up},
                         Row{"57P03", "FATAL:  the database system is in recovery mode", FailureKind::crash_restart},
                         Row{"57P03", "das Datenbanksystem startet", FailureKind::starting_up},
                         Row{"57P03", "FATAL:  the database system is shutting down", FailureKind::shutting_down},
                         Row{"57P01", "terminating connection due to administrator command", FailureKind::shutting_down},
                         Row{"57P01", "terminating connection due to unexpected postmaster exit", FailureKind::lost},
                         Row{"57P02", "", FailureKind::crash_restart},
                         Row{"53300", "zu viele Verbindungen", FailureKind::slots_exhausted},
                         Row{"", "FATAL:  sorry, too many clients already", FailureKind::slots_exhausted},
                         Row{"", "FATAL:  password authentication failed for user \"x\"", FailureKind::login_failed},
                         Row{"", "server closed the connection unexpectedly", FailureKind::lost},
                         Row{"XX000", "something", FailureKind::other}}) {
    CAPTURE(row.sqlstate, row.message);
    CHECK(classify_failure(row.sqlstate, row.message) == row.expected);
  }
}
