#include "sql_router/classifier.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"

using namespace howdah;

namespace {

const RoutingOptions kOptions;

std::string repeated(std::string_view part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += part;
  return text;
}

RoutingOptions without_size_limit() {
  RoutingOptions options;
  options.max_parse_size = std::size_t{64} << 20;
  return options;
}

}  // namespace

TEST_CASE("transaction modes are told as written") {
  const Traits begin = classify("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", kOptions);
  CHECK(begin.transaction == TransactionControl::begin);
  CHECK(begin.modes_scope == ModesScope::this_transaction);
  CHECK(begin.modes.isolation == Isolation::serializable);
  CHECK(begin.modes.is_read_only == true);
  CHECK(begin.modes.is_deferrable == true);
  CHECK_FALSE(begin.modes.is_unclear);

  const Traits plain = classify("START TRANSACTION", kOptions);
  CHECK(plain.transaction == TransactionControl::begin);
  CHECK_FALSE(plain.modes.is_read_only.has_value());
  CHECK_FALSE(plain.modes.isolation.has_value());

  const Traits set = classify("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE", kOptions);
  CHECK(set.transaction == TransactionControl::none);
  CHECK(set.has_transaction_control);
  CHECK(set.modes_scope == ModesScope::this_transaction);
  CHECK(set.modes.isolation == Isolation::repeatable_read);
  CHECK(set.modes.is_read_only == false);
}

TEST_CASE("settings that are transaction modes are told as modes") {
  struct Row {
    const char* sql;
    ModesScope scope;
    std::optional<bool> is_read_only;
    std::optional<Isolation> isolation;
    bool is_unclear;
  };
  const Row rows[] = {
      {"SET transaction_read_only = on", ModesScope::this_transaction, true, {}, false},
      {"SET transaction_read_only TO 'no'", ModesScope::this_transaction, false, {}, false},
      {"SET transaction_read_only = 1", ModesScope::this_transaction, true, {}, false},
      {"SET \"TRANSACTION_READ_ONLY\" TO off", ModesScope::this_transaction, false, {}, false},
      {"SET transaction_read_only TO DEFAULT", ModesScope::this_transaction, {}, {}, true},
      {"SET LOCAL transaction_isolation = 'SERIALIZABLE'", ModesScope::this_transaction, {}, Isolation::serializable,
       false},
      {"SET default_transaction_isolation = 'serializable'", ModesScope::session_default, {}, Isolation::serializable,
       false},
      {"SET default_transaction_read_only = on", ModesScope::session_default, true, {}, false},
      {"RESET default_transaction_isolation", ModesScope::session_default, {}, {}, true},
      {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", ModesScope::session_default, true, {}, false},
      {"SET work_mem = '1MB'", ModesScope::none, {}, {}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sql);
    const Traits traits = classify(row.sql, kOptions);
    CHECK(traits.modes_scope == row.scope);
    CHECK(traits.modes.is_read_only == row.is_read_only);
    CHECK(traits.modes.isolation == row.isolation);
    CHECK(traits.modes.is_unclear == row.is_unclear);
  }
  CHECK(classify("SET TRANSACTION SNAPSHOT '1'", kOptions).modes.imports_snapshot);
}

TEST_CASE("the name of a two-phase commit is told, of a single statement") {
  CHECK(classify("PREPARE TRANSACTION 'it''s'", kOptions).gid == "it's");
  CHECK(classify("COMMIT PREPARED E'a\\\\b'", kOptions).gid == "a\\b");
  CHECK(classify("ROLLBACK PREPARED 'a'", kOptions).gid == "a");
  CHECK(classify("COMMIT PREPARED 'a'; COMMIT PREPARED 'b'", kOptions).gid.empty());
  CHECK(classify("COMMIT", kOptions).gid.empty());
}

TEST_CASE("every form of transaction control is told apart") {
  using enum TransactionControl;
  const std::pair<const char*, TransactionControl> rows[] = {
      {"BEGIN", begin},
      {"END", commit},
      {"COMMIT AND CHAIN", commit_and_chain},
      {"COMMIT AND NO CHAIN", commit},
      {"ABORT", rollback},
      {"ROLLBACK AND CHAIN", rollback_and_chain},
      {"SAVEPOINT a", savepoint},
      {"RELEASE a", release},
      {"ROLLBACK TO a", rollback_to},
      {"PREPARE TRANSACTION 'a'", prepare_transaction},
      {"COMMIT PREPARED 'a'", commit_prepared},
      {"ROLLBACK PREPARED 'a'", rollback_prepared},
      {"SELECT 1", none},
  };
  for (const auto& [sql, control] : rows) {
    CAPTURE(sql);
    const Traits traits = classify(sql, kOptions);
    CHECK(traits.transaction == control);
    CHECK(traits.has_transaction_control == (control != none));
  }
}

TEST_CASE("a string of several statements hides no transaction") {
  const Traits traits = classify("BEGIN READ ONLY; SELECT 1", kOptions);
  CHECK(traits.statement_count == 2);
  CHECK(traits.kind == StatementKind::begin);
  CHECK(traits.transaction == TransactionControl::none);
  CHECK(traits.has_transaction_control);
  CHECK_FALSE(traits.modes.is_read_only.has_value());
}

TEST_CASE("COPY tells who sends") {
  CHECK(classify("COPY t FROM STDIN", kOptions).copy == CopyDirection::from_client);
  CHECK(classify("COPY t TO STDOUT", kOptions).copy == CopyDirection::to_client);
  CHECK(classify("COPY t FROM '/x'", kOptions).copy == CopyDirection::none);
}

TEST_CASE("relations are told once each, as written") {
  const Traits traits = classify("SELECT * FROM a, b.c, a x JOIN d USING (e) WHERE f IN (SELECT 1 FROM g)", kOptions);
  CHECK(traits.relations == std::vector<std::string>{"a", "b.c", "d", "g"});
}

TEST_CASE("a text over max_parse_size is not parsed and goes to the primary") {
  RoutingOptions options;
  options.max_parse_size = 8;
  CHECK(classify("SELECT 1", options).verdict.may_use_replica);
  const Traits traits = classify("SELECT 12", options);
  CHECK(traits.parse == ParseOutcome::too_long);
  CHECK(traits.verdict.reason == RouteReason::too_long);
  CHECK(traits.verdict.may_write);
  CHECK(traits.has_transaction_control);
  CHECK(traits.pins.has(PinReason::opaque));
}

TEST_CASE("what follows a NUL is not overlooked") {
  using namespace std::string_view_literals;
  const Traits traits = classify("SELECT 1\0; DELETE FROM t"sv, kOptions);
  CHECK(traits.verdict.reason == RouteReason::unparsable);
}

TEST_CASE("deep nesting is survived, and sent to the primary where it is too deep to examine") {
  const RoutingOptions options = without_size_limit();
  CHECK(classify("SELECT 1" + repeated("+1", 4'000), options).verdict.may_use_replica);
  CHECK(classify("SELECT 1" + repeated("+1", 200'000), options).verdict.reason == RouteReason::too_deep);
  CHECK(classify("SELECT 1" + repeated("+1", 200'000) + "; DELETE FROM t", options).verdict.reason ==
        RouteReason::too_deep);
  CHECK(classify("SELECT 1" + repeated(" UNION SELECT 1", 20'000), options).verdict.reason == RouteReason::too_deep);
  CHECK(classify("SELECT " + repeated("(", 100'000) + "1" + repeated(")", 100'000), options).verdict.reason ==
        RouteReason::unparsable);
  CHECK(classify("SELECT " + repeated("(", 100'000), options).verdict.reason == RouteReason::unparsable);
  CHECK(classify(repeated("SELECT (", 50'000), options).verdict.reason == RouteReason::unparsable);
  CHECK_FALSE(classify("SELECT " + repeated("- ", 100'000) + "a", options).verdict.may_use_replica);
  CHECK_FALSE(classify("SELECT " + repeated("NOT ", 100'000) + "a", options).verdict.may_use_replica);
  CHECK_FALSE(classify("SELECT " + repeated("f(", 9'000) + repeated(")", 9'000), options).verdict.may_use_replica);
}

TEST_CASE("wide texts are examined to their end") {
  const RoutingOptions options = without_size_limit();
  CHECK(classify("SELECT '" + std::string(1 << 20, 'x') + "'", options).verdict.may_use_replica);
  CHECK(classify("SELECT 1 WHERE 1 IN (1" + repeated(",1", 300'000) + ")", options).verdict.may_use_replica);
  CHECK(classify("SELECT 1 WHERE 1 IN (1" + repeated(",1", 300'000) + ",nextval('s'))", options).verdict.because ==
        "nextval");
  CHECK(classify("SELECT 1 WHERE a" + repeated(" AND a", 100'000) + " AND random() > 0", options).verdict.because ==
        "random");
  CHECK(classify(repeated("SELECT 1;", 100'000), options).statement_count == 100'000);
}

TEST_CASE("texts that PostgreSQL's scanner would take minutes for are not given to it") {
  const RoutingOptions options = without_size_limit();
  for (const char* part : {"/*", "-+", "*/", "<>"}) {
    CAPTURE(part);
    CHECK(classify("SELECT 1 " + repeated(part, 100'000), options).parse == ParseOutcome::too_deep);
  }
  CHECK(classify("EXPLAIN ROUTE SELECT 1 " + repeated("/*", 100'000), options).parse == ParseOutcome::too_deep);
  const std::string banner = "/*" + repeated("*", 120) + "/\n-" + repeated("-", 120) + "\n";
  CHECK(classify(repeated(banner, 50) + "SELECT 1", options).verdict.may_use_replica);
}

TEST_CASE("many relations are told in no time") {
  std::string text = "SELECT 1 FROM t";
  for (int i = 0; i < 50'000; ++i) text += ",t" + std::to_string(i);
  CHECK(classify(text, without_size_limit()).relations.size() == 50'001);
}

TEST_CASE("bytes without meaning are survived") {
  Rng rng(20240601);
  const std::string_view kPieces[] = {"SELECT", " ", "'", "\"", "$$", "$a$", "--", "/*", "*/", ";", "(", ")", "E'\\", "\n",
                                      "U&'", "::", "INSERT INTO t", "x'", "\xff", "\xc3", "\x80", "WITH", "NOT", "1e", ".",
                                      "SHOW POOL_", "PGPOOL SET ", "EXPLAIN ROUTE ", "=", ",", "BEGIN", "@", "\\", "$1"};
  int parsed = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::string text;
    const auto length = rng.below(24);
    for (std::uint64_t i = 0; i < length; ++i) {
      if (rng.chance(0.2)) text += static_cast<char>(rng.below(256));
      else text += kPieces[rng.below(std::size(kPieces))];
    }
    const Traits traits = classify(text, kOptions);
    if (traits.parse == ParseOutcome::parsed) ++parsed;
    if (traits.parse != ParseOutcome::parsed) CHECK_FALSE(traits.verdict.may_use_replica);
    if (traits.is_gateway_command()) CHECK(traits.gateway.rest_begin <= text.size());
  }
  CHECK(parsed > 0);
}

TEST_CASE("several threads may classify at once") {
  const std::pair<const char*, RouteReason> rows[] = {{"SELECT a FROM t WHERE b = 1 ORDER BY c", RouteReason::read},
                                                      {"INSERT INTO t VALUES (1)", RouteReason::write},
                                                      {"SELEC 1", RouteReason::unparsable},
                                                      {"SELECT random()", RouteReason::volatile_function}};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1'000; ++i) {
        const auto& [sql, reason] = rows[static_cast<std::size_t>(i + t) % std::size(rows)];
        if (classify(sql, kOptions).verdict.reason != reason) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("what a text is as a whole") {
  struct Row {
    const char* sql;
    const char* is;  // block: fits_in_block, whole: is_whole_transaction, end: ends_with_commit
    bool only_changes_rows = false;
  };
  const Row row = GENERATE(
      Row{"INSERT INTO t VALUES (1)", "block", true}, Row{"SELECT 1", "block"}, Row{"UPDATE t SET a = 1; DELETE FROM t", "block", true},
      Row{"UPDATE t SET a = 1; SELECT 1", "block"}, Row{"UPDATE t SET a = 1; NOTIFY x", "block"}, Row{"NOTIFY x", "block"}, Row{"INSERT INTO t VALUES (1); VACUUM", ""},
      Row{"BEGIN; INSERT INTO t VALUES (1); COMMIT", "whole", true},
      Row{"START TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET LOCAL a.b = 1; LOCK t; SELECT 1; END;", "whole"},
      Row{"BEGIN; COMMIT", "whole", true}, Row{"BEGIN; INSERT INTO t VALUES (1)", ""}, Row{"INSERT INTO t VALUES (1); COMMIT", "end"},
      Row{"SAVEPOINT a; INSERT INTO t VALUES (1); RELEASE a; END", "end"}, Row{"COMMIT", ""}, Row{"COMMIT; COMMIT", ""},
      Row{"INSERT INTO t VALUES (1); COMMIT; SELECT 1", ""}, Row{"INSERT INTO t VALUES (1); COMMIT AND CHAIN", ""},
      Row{"BEGIN; INSERT INTO t VALUES (1); COMMIT AND CHAIN", ""}, Row{"BEGIN; INSERT INTO t VALUES (1); ROLLBACK", ""},
      Row{"BEGIN; COMMIT; INSERT INTO t VALUES (1)", ""}, Row{"SELECT 1; BEGIN; INSERT INTO t VALUES (1); COMMIT", ""},
      Row{"BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); ROLLBACK TO a; COMMIT", "whole", true}, Row{"BEGIN; NOTIFY x; COMMIT", "whole"},
      Row{"BEGIN; INSERT INTO t VALUES (1); NOTIFY x; COMMIT", "whole"}, Row{"NOTIFY x; COMMIT", "end"},
      Row{"SET LOCAL a.b = 1; INSERT INTO t VALUES (1)", ""}, Row{"SAVEPOINT a", ""}, Row{"COPY t FROM STDIN", ""}, Row{"mistyped", ""},
      Row{"CREATE TABLE t (a int); CREATE INDEX ON t (a); INSERT INTO t VALUES (1)", "block"}, Row{"TRUNCATE t", "block"},
      Row{"CREATE INDEX Concurrently i ON t (a)", ""}, Row{"ALTER TABLE t DETACH PARTITION p CONCURRENTLY", ""},
      Row{"DROP INDEX CONCURRENTLY i", ""}, Row{"REINDEX TABLE t", ""}, Row{"ALTER TYPE e ADD VALUE 'x'", "block"},
      Row{"REFRESH MATERIALIZED VIEW CONCURRENTLY m", "block"}, Row{"CREATE DATABASE d", ""}, Row{"CALL p()", ""}, Row{"DO 'x'", ""},
      Row{"DO $$ BEGIN IF true THEN INSERT INTO t VALUES (1); END IF; END $$", "block"}, Row{"DO $$ BEGIN EXECUTE a; END $$", ""},
      Row{"BEGIN; DO $$ BEGIN PERFORM 1; END $$; COMMIT", "whole"}, Row{"DO $$ BEGIN IF true THEN COMMIT; END IF; END $$", ""},
      Row{"DO $$ BEGIN CALL p(); END $$", ""}, Row{"DO $$ BEGIN NULL; <<a>> BEGIN NULL; EXCEPTION WHEN OTHERS THEN ROLLBACK; END; END $$", ""},
      Row{"INSERT INTO t VALUES ('concurrently')", "block", true}, Row{"BEGIN; ALTER TABLE t ADD b int; UPDATE t SET b = 1; COMMIT", "whole"});
  CAPTURE(row.sql);
  const Traits traits = classify(row.sql, kOptions);
  const std::string is = traits.fits_in_block ? "block" : traits.is_whole_transaction ? "whole" : traits.ends_with_commit ? "end" : "";
  CHECK(is == row.is);
  CHECK(traits.only_changes_rows == row.only_changes_rows);
}

TEST_CASE("a NOTIFY is told wherever it stands in a text") {
  CHECK(classify("NOTIFY x", kOptions).notifies);
  CHECK(classify("BEGIN; NOTIFY x", kOptions).notifies);
  CHECK_FALSE(classify("BEGIN; SELECT 'NOTIFY x'; COMMIT", kOptions).notifies);
}

TEST_CASE("what changes nothing may run again, wherever it must run") {
  struct Row {
    const char* sql;
    bool changes_nothing;
  };
  const Row row = GENERATE(
      Row{"SELECT 1", true}, Row{"SELECT a FROM t FOR UPDATE", true}, Row{"SELECT relname FROM pg_class", true},
      Row{"SELECT pg_backend_pid(), random()", true}, Row{"SELECT * FROM pg_stat_activity", true}, Row{"SHOW wal_level", true},
      Row{"EXPLAIN DELETE FROM t", true}, Row{"EXPLAIN ANALYZE DELETE FROM t", false}, Row{"SELECT f(a) FROM t FOR UPDATE", false},
      Row{"SELECT nextval('s')", false}, Row{"SELECT pg_advisory_lock(1)", false}, Row{"SELECT pg_switch_wal()", false},
      Row{"WITH w AS (DELETE FROM t RETURNING a) SELECT a FROM w", false}, Row{"SELECT pg_cancel_backend(1)", false},
      Row{"LOCK t", false}, Row{"NOTIFY x", false}, Row{"FETCH c", false}, Row{"SET a.b = 1", false}, Row{"BEGIN", false},
      Row{"SELECT 1; COMMIT", false}, Row{"mistyped", false});
  CAPTURE(row.sql);
  CHECK(classify(row.sql, kOptions).changes_nothing == row.changes_nothing);
}

TEST_CASE("what the operator's words keep on the primary changes nothing all the same, unless they say that it writes") {
  RoutingOptions options;
  const auto list = [](const char* pattern) { return std::vector{Pattern::compile(pattern).value()}; };
  options.primary_routing_query_pattern_list = list("SELECT a.*");
  CHECK(classify("SELECT a FROM t", options).changes_nothing);
  options.write_function_list = list("lower");
  CHECK_FALSE(classify("SELECT lower(b) FROM t", options).changes_nothing);
  options.write_function_list.clear();
  options.read_only_function_list = list("upper");
  CHECK(classify("SELECT lower(b) FROM t", options).changes_nothing);
}
