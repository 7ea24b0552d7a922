// A catalog in memory, for tests: objects are added by a line each.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sql_router/catalog/catalog_builder.hpp"

namespace howdah::test {

class TestCatalog {
 public:
  TestCatalog& function(const std::string& name, const std::string& language, const std::string& body, char volatility = 'v') {
    rows_.functions.push_back({split(name), volatility, language, body});
    return *this;
  }
  TestCatalog& sql(const std::string& name, const std::string& body) { return function(name, "sql", body); }
  TestCatalog& plpgsql(const std::string& name, const std::string& body) { return function(name, "plpgsql", body); }
  // What calls a function without naming it: "<~~", "::type", ".column".
  TestCatalog& use(const std::string& name, const std::string& function) {
    rows_.functions.push_back({{"public", name}, 's', std::string(kUse), "SELECT " + function + "()"});
    return *this;
  }
  TestCatalog& defaults(const std::string& expressions) {
    rows_.functions.back().defaults = expressions;
    return *this;
  }
  TestCatalog& relation(const std::string& name, char kind = 'r', const std::string& definition = "", char persistence = 'p') {
    rows_.relations.push_back({split(name), static_cast<std::uint32_t>(20000 + rows_.relations.size()), kind, persistence, definition});
    return *this;
  }
  TestCatalog& view(const std::string& name, const std::string& definition) { return relation(name, 'v', definition); }
  // The relation added last is a partition, or heir, of this one, which was added before.
  TestCatalog& of(const std::string& parent) {
    for (const CatalogRelation& candidate : rows_.relations)
      if (candidate.name == split(parent)) rows_.relations.back().parents.push_back(candidate.oid);
    return *this;
  }
  CatalogFactsPtr build(const CatalogRules& rules = {}) const {
    const std::uint32_t version = 1 + (rules.checks_unlogged ? 0 : 1) + (rules.foreign_reads_may_use_replica ? 2 : 0);
    return build_catalog_facts(rows_, rules, make_stamp(1, version), 0);
  }

 private:
  static ObjectName split(const std::string& name) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) return {"public", name};
    return {name.substr(0, dot), name.substr(dot + 1)};
  }

  CatalogRows rows_;
};

// What the lines of tests/scripts/routing with the fact `catalog` find: README.txt there shows it.
inline TestCatalog script_objects() {
  return TestCatalog()
      .relation("t").relation("u").relation("app.t").relation("shop.hidden")
      .relation("made_unlogged", 'r', "", 'u').relation("far_away", 'f').relation("counter", 'S')
      .relation("parent", 'p').relation("far_part", 'f').of("parent").relation("snapshot", 'm')
      .view("names", "SELECT t.a FROM public.t").view("locking", "SELECT t.a FROM public.t FOR UPDATE OF t")
      .view("counting", "SELECT nextval('public.counter'::regclass) AS n").view("activity", "SELECT pid FROM pg_stat_activity")
      .view("over", "SELECT * FROM public.counting").view("faraway_view", "SELECT * FROM public.far_away")
      .view("app.hidden", "SELECT random() AS r")
      .relation("guarded", 'r', "SELECT (owner = public.who())").sql("who", "SELECT current_user")
      .sql("reads", "SELECT count(*) FROM t").sql("writes", "INSERT INTO t VALUES ($1)").sql("nested", "SELECT writes(1)")
      .sql("locks", "SELECT pg_advisory_lock(1)").sql("sets", "SELECT set_config('a.b', 'c', false)")
      .sql("draws", "SELECT nextval('counter')").sql("atomic", "BEGIN ATOMIC\n SELECT t.a FROM public.t;\nEND")
      .sql("plus_one", "RETURN (a + 1)").sql("temp", "CREATE TEMP TABLE x (a int)").sql("defining", "CREATE TABLE x (a int)")
      .sql("ping", "SELECT pong()").sql("pong", "SELECT ping()").sql("lost", "SELECT not_there()")
      .sql("node", "SELECT pg_is_in_recovery()").sql("newer", "SELECT JSON_NEW() WITH MAGIC")
      .sql("with_default", "SELECT 1").defaults("nextval('counter'::regclass)")
      .function("c_stable", "c", "", 's').function("c_volatile", "c", "").function("uuid_generate_v4", "c", "")
      .function("lower", "c", "", 'i').function("app.upper", "c", "").function("app.one", "c", "", 'i').function("shop.one", "c", "")
      .plpgsql("total", "DECLARE n int; BEGIN SELECT count(*) INTO n FROM t; RETURN n; END")
      .plpgsql("dynamic", "BEGIN EXECUTE 'DELETE FROM ' || x; END")
      .function("stable_dynamic", "plpgsql", "BEGIN RETURN QUERY EXECUTE format('SELECT %I', x); END", 's')
      .plpgsql("audit", "BEGIN INSERT INTO log VALUES (1); END")
      .use("<~~", "draws").use("<~>", "total").use("::noted", "draws").use("::plain", "total").use(".drawn", "draws")
      .plpgsql("uses_operator", "BEGIN RETURN 1 <~~ 2; END").plpgsql("uses_type", "DECLARE n noted; BEGIN n := 1; RETURN n; END")
      .plpgsql("uses_column", "DECLARE r record; BEGIN RETURN r.drawn; END").sql("casts", "SELECT 1::public.noted");
}

inline const CatalogFacts& script_catalog(const CatalogRules& rules = {}) {
  static std::map<std::pair<bool, bool>, CatalogFactsPtr> made;
  CatalogFactsPtr& facts = made[{rules.checks_unlogged, rules.foreign_reads_may_use_replica}];
  if (facts == nullptr) facts = script_objects().build(rules);
  return *facts;
}

}  // namespace howdah::test
