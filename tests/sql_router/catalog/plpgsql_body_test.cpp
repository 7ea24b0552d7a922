#include "sql_router/catalog/plpgsql_body.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "sql_router/function_table.hpp"

using namespace howdah;

namespace {

// The calls that PostgreSQL's own functions do not explain.
std::string foreign_calls(const BodyReading& reading) {
  std::string text;
  for (const ObjectName& name : reading.functions) {
    const auto builtin = judge_builtin(name.schema, name.name);
    if (!builtin || builtin->reason != RouteReason::read) text += (text.empty() ? "" : " ") + to_text(name);
  }
  return text;
}

bool names(const BodyReading& reading, const std::string& relation) {
  return std::any_of(reading.relations.begin(), reading.relations.end(),
                     [&](const NamedRelation& named) { return to_text(named.name) == relation; });
}

struct Row {
  std::string body;
  RouteReason reason = RouteReason::read;
  std::string calls = {};
  bool is_unknown = false;
};

}  // namespace

TEST_CASE("bodies do what their words say") {
  using enum RouteReason;
  const std::vector<Row> rows{
      {"BEGIN RETURN 1; END"},
      {"BEGIN RETURN QUERY SELECT a, count(*) FILTER (WHERE b) OVER (PARTITION BY c) FROM t GROUP BY (a); END"},
      {"<<outer>> DECLARE a varchar(10) := 'x'; b numeric(10,2) NOT NULL DEFAULT abs(-1); BEGIN a := lower(a); END outer"},
      {"BEGIN IF a > 1 AND (b OR NOT (c)) THEN x := 1; ELSIF EXISTS (SELECT 1) THEN NULL; ELSE RAISE NOTICE '%', a; END IF; END"},
      {"BEGIN CASE x WHEN 1, 2 THEN y := 1; WHEN 3 THEN NULL; ELSE y := CASE WHEN a THEN comment ELSE lock END; END CASE; END"},
      {"BEGIN SELECT CASE WHEN a THEN drop_date ELSE b END INTO STRICT x FROM t; RETURN x; END"},
      {"BEGIN FOR r IN SELECT * FROM t ORDER BY (a) LOOP RETURN NEXT r; END LOOP; FOR i IN 1..10 LOOP CONTINUE; END LOOP; END"},
      {"BEGIN FOREACH x SLICE 1 IN ARRAY a LOOP EXIT WHEN x = 1; END LOOP; WHILE a < 3 LOOP a := a + 1; END LOOP; END"},
      {"DECLARE c CURSOR (k int) FOR SELECT * FROM t WHERE a = k; BEGIN OPEN c(3); FETCH c INTO r; CLOSE c; FOR x IN c(1) LOOP NULL; END LOOP; END"},
      {"BEGIN a.b := 1; a[1] := 2; x = 3; GET DIAGNOSTICS n = ROW_COUNT; ASSERT n > 0; PERFORM 1; COMMIT; END"},
      {"BEGIN RETURN; EXCEPTION WHEN unique_violation OR others THEN RETURN NULL; END"},
      {"BEGIN -- INSERT\n /* DELETE /* nested */ UPDATE */ RETURN 'DROP TABLE t' || $q$ TRUNCATE t $q$ || E'it\\'s'; END"},
      {"BEGIN RETURN current_setting('app.tenant'); END"},
      {"BEGIN RETURN x.insert + \"delete\".a; END"},
      {"BEGIN WITH r(a, b) AS (SELECT 1, 2) SELECT a INTO x FROM r; END"},
      {"BEGIN EXECUTE 'SELECT 1' INTO x; END"},
      {"BEGIN SET LOCAL work_mem = '1MB'; END", primary_only},
      {"BEGIN RETURN current_setting('port_' || a); END", read, "current_setting"},
      {"BEGIN RETURN current_setting('in_hot_standby'); END", node_local_setting},
      {"BEGIN INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1 RETURNING id INTO x; END", write},
      {"BEGIN WITH w AS (DELETE FROM t RETURNING *) SELECT count(*) INTO n FROM w; END", write},
      {"BEGIN FOR r IN UPDATE t SET a = 1 RETURNING * LOOP NULL; END LOOP; END", write},
      {"BEGIN SELECT * INTO r FROM t FOR UPDATE; END", locks_rows},
      {"BEGIN PERFORM 1 FROM t FOR NO KEY UPDATE; END", locks_rows},
      {"BEGIN PERFORM 1 FROM t FOR KEY SHARE; END", locks_rows},
      {"BEGIN TRUNCATE t; END", write},
      {"BEGIN CREATE SCHEMA s; END", write},
      {"BEGIN ALTER TABLE t ADD a int; END", write},
      {"BEGIN LOCK TABLE t; END", primary_only},
      {"BEGIN SELECT count(*) INTO n FROM pg_stat_activity; END", node_local_relation},
      {"BEGIN SELECT relname INTO n FROM pg_catalog.pg_class; END", system_catalog},
      {"BEGIN EXECUTE 'DELETE FROM t'; END", write},
      {"BEGIN EXECUTE 'SELECT f()' INTO x; END", read, "f"},
      {"BEGIN PERFORM f(1); x := s.g(2); RETURN \"H\"(3); END", read, "H f s.g"},
      {"BEGIN SELECT * INTO r FROM f(1) AS x(a int, b text) JOIN g(2) ON h(3); END", read, "f g h"},
      {"BEGIN CALL p(1); END", read, "p"},
      {"BEGIN IF f() THEN RAISE EXCEPTION 'x' USING HINT = g(); END IF; END", read, "f g"},
      {"DECLARE x int := f(); BEGIN END", read, "f"},
      {"BEGIN PERFORM nextval('s'); END", read, "nextval"},
      {"BEGIN EXECUTE x; END", read, "", true},
      {"BEGIN EXECUTE 'SELECT ' || x; END", read, "", true},
      {"BEGIN EXECUTE format('SELECT %I', x) INTO y; END", read, "", true},
      {"BEGIN FOR r IN EXECUTE x LOOP NULL; END LOOP; END", read, "", true},
      {"BEGIN RETURN QUERY EXECUTE x USING y; END", read, "", true},
      {"BEGIN OPEN c FOR EXECUTE x; END", read, "", true},
      {"BEGIN VACUUM t; END", read, "", true},
      {"BEGIN FROBNICATE t; END", read, "", true},
      {"BEGIN IF a THEN FROBNICATE t; END IF; END", read, "", true},
      {"BEGIN DO 'BEGIN END'; END", read, "", true},
      {"BEGIN EXECUTE 'SELEC'; END", read, "", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const BodyReading reading = read_plpgsql(row.body);
    CHECK(row_of(reading.effects.reason).name == row_of(row.reason).name);
    CHECK(foreign_calls(reading) == row.calls);
    CHECK(reading.has_unknown_part == row.is_unknown);
    if (row.body.find("--") != std::string::npos) continue;
    std::string shouted;
    for (const char c : row.body) shouted += c == ' ' ? std::string("\n\t ") : std::string(1, c);
    CHECK(read_plpgsql(shouted).effects == reading.effects);
  }
}

TEST_CASE("what a body leaves in the session is told") {
  const auto pins = [](std::string_view body) { return read_plpgsql(body).effects.pins; };
  CHECK(pins("BEGIN CREATE TEMP TABLE x (a int) ON COMMIT DROP; END") == PinReasons{PinReason::temp_table});
  CHECK(foreign_calls(read_plpgsql("BEGIN CREATE TEMP TABLE IF NOT EXISTS x (a int); END")).empty());
  CHECK(pins("BEGIN CREATE LOCAL TEMPORARY TABLE x AS SELECT 1; END") == PinReasons{PinReason::temp_table});
  CHECK(pins("BEGIN INSERT INTO pg_temp.x VALUES (1); END") == PinReasons{PinReason::temp_table});
  CHECK(pins("BEGIN SET work_mem = '1MB'; END") == PinReasons{PinReason::setting});
  CHECK(pins("BEGIN SET ROLE someone; END") == PinReasons{PinReason::session_authorization});
  CHECK(pins("BEGIN SET SESSION AUTHORIZATION x; END") == PinReasons{PinReason::session_authorization});
  CHECK(pins("BEGIN RESET ALL; END") == PinReasons{PinReason::setting});
  CHECK(pins("BEGIN LISTEN x; END") == PinReasons{PinReason::listen});
  CHECK(pins("BEGIN LOAD 'x'; END") == PinReasons{PinReason::load});
  CHECK(pins("BEGIN INSERT INTO t VALUES (1); END").is_empty());
}

TEST_CASE("what a body names may be a relation") {
  const BodyReading reading = read_plpgsql("BEGIN SELECT a INTO x FROM s.t JOIN \"U\" USING (id); INSERT INTO v (a) VALUES (1); END");
  for (const char* name : {"s.t", "U", "v"}) CHECK(names(reading, name));
  for (const NamedRelation& relation : reading.relations) CHECK_FALSE(relation.is_certain);
}

TEST_CASE("definitions inside a body are told") {
  CHECK(read_plpgsql("BEGIN CREATE VIEW v AS SELECT 1; END").effects.catalog_change == CatalogChange::changes);
  CHECK(read_plpgsql("BEGIN DROP FUNCTION f; END").effects.catalog_change == CatalogChange::changes);
  CHECK(read_plpgsql("BEGIN CREATE TEMP TABLE v (a int); END").effects.catalog_change == CatalogChange::none);
  CHECK(read_plpgsql("BEGIN UPDATE t SET a = 1; END").effects.catalog_change == CatalogChange::none);
}

TEST_CASE("damaged bodies are read to their end") {
  const std::string whole = "<<l>> DECLARE c CURSOR (k int) FOR SELECT $a$x$a$; BEGIN IF f(1) THEN x := E'a\\'' || \"q\"; "
                            "ELSE EXECUTE 'SELECT 1' USING 1..2; END IF; /* /* */ */ RETURN CASE WHEN a THEN 1 END; END";
  Rng rng(7);
  for (int round = 0; round < 3000; ++round) {
    std::string body = whole;
    for (auto count = rng.below(4) + 1; count > 0 && !body.empty(); --count) {
      const std::size_t at = rng.below(body.size());
      if (rng.chance(0.5)) body.erase(at, rng.below(10));
      else body.insert(at, 1, "'\"$/*.;(<>:\\\0x"[rng.below(14)]);
    }
    const BodyReading reading = read_plpgsql(body);
    CHECK(reading.functions.size() < 20);
  }
}
