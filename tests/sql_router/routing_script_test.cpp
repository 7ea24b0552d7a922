// Plays tests/scripts/routing: where each statement goes, and why; and that its looks do not matter.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "routing_script.hpp"
#include "tests/support/reformat.hpp"
#include "conf/walk.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/router.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

std::string target_of(const Decision& decision, const ClusterView& view, const std::string& wanted) {
  if (!decision.node) return decision.reason == RouteReason::gateway_command ? "howdah" : "wait";
  if (wanted.starts_with("node ")) return "node " + std::to_string(decision.node->value);
  return view.primary == *decision.node ? "primary" : "replica";
}

std::string names_of(PinReasons pins) {
  std::string names;
  for (std::size_t i = 0; i < kPinReasonCount; ++i)
    if (pins.has(static_cast<PinReason>(i)))
      names += (names.empty() ? "" : ",") + std::string(to_text(static_cast<PinReason>(i)));
  return names;
}

std::string names_of(Unpins unpins) {
  constexpr const char* kNames[] = {"discard_all",  "discard_plans",  "discard_sequences", "discard_temp",
                                    "reset_all",    "reset_session_authorization", "unlisten_all",
                                    "deallocate_all", "close_all"};
  std::string names;
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (unpins.has(static_cast<Unpin>(i))) names += (names.empty() ? "" : ",") + std::string(kNames[i]);
  return names;
}

std::string text_of(const std::vector<SessionStep>& steps) {
  constexpr const char* kKinds[] = {"set", "reset", "reset_all", "discard_all", "savepoint", "release", "rollback_to", "end"};
  std::string text;
  for (const SessionStep& step : steps) {
    if (!text.empty()) text += ",";
    if (step.statement != 0) text += std::to_string(step.statement) + ".";
    text += kKinds[static_cast<std::size_t>(step.kind)];
    if (!step.name.empty()) text += ":" + step.name;
    if (step.name_parameter != 0) text += ":$" + std::to_string(step.name_parameter);
    if (step.parameter != 0) text += ":$" + std::to_string(step.parameter);
    else if (step.kind == SessionStepKind::set) text += ":" + step.value + (step.is_list ? "(list)" : "");
  }
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

void check(const std::string& name, const std::string& value, const Traits& traits, const Decision& decision) {
  if (name == "because") CHECK(decision.because == value);
  else if (name == "reads") CHECK_FALSE(traits.verdict.may_write);
  else if (name == "writes") CHECK(traits.verdict.may_write);
  else if (name == "pins") CHECK(names_of(traits.pins) == value);
  else if (name == "unpins") CHECK(names_of(traits.unpins) == value);
  else if (name == "steps") CHECK(text_of(traits.steps) == value);
  else if (name == "bound") CHECK(decision.read_bound == parse_lsn(value));
  else if (name == "position") CHECK(decision.position == parse_lsn(value));
  else if (name == "misplaced") CHECK(decision.is_misplaced);
  else FAIL("unknown check: " << name);
}

bool has_check(const RoutingCase& one, const std::string& name) {
  return std::any_of(one.checks.begin(), one.checks.end(), [&](const auto& word) { return word.first == name; });
}

bool is_same_but_for_offsets(const Traits& a, const Traits& b) {
  return a.verdict.may_use_replica == b.verdict.may_use_replica && a.verdict.may_write == b.verdict.may_write &&
         a.verdict.reason == b.verdict.reason && a.verdict.because == b.verdict.because && a.kind == b.kind &&
         a.parse == b.parse && a.statement_count == b.statement_count && a.transaction == b.transaction &&
         a.pins == b.pins && a.unpins == b.unpins && a.steps == b.steps && a.copy == b.copy && a.gateway.kind == b.gateway.kind &&
         a.gateway.name == b.gateway.name && a.setting == b.setting && a.relations == b.relations;
}

// The same statement in other clothes.
std::vector<std::string> other_clothes(const std::string& sql) {
  std::vector<std::string> texts{" \t\n" + sql + "\n", "-- c'omment\n" + sql, "/* \"a /* ; */ */" + sql,
                                 sql + "\n-- it's the end", sql + "\n;;"};
  for (const bool in_capitals : {false, true})
    for (const char* comment : {"", "/*;'*/"})
      if (auto text = Reformatter(sql, comment, in_capitals).run()) texts.push_back(std::move(*text));
  return texts;
}

}  // namespace

TEST_CASE("every line of the routing scripts goes where it says, for the reason it says") {
  const auto cases = read_routing_scripts();
  REQUIRE(cases.size() > 500);
  for (const RoutingCase& one : cases) {
    CAPTURE(one.where, one.sql);
    const Traits traits = classify(one.sql, one.options, *one.catalog);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Rng rng(seed);
      const Decision decision = decide(traits, one.facts, one.view, one.options, rng);
      CHECK(target_of(decision, one.view, one.target) == one.target);
      CHECK(row_of(decision.reason).name == one.reason);
      CHECK(decision.is_misplaced == has_check(one, "misplaced"));
      for (const auto& [name, value] : one.checks) check(name, value, traits, decision);
    }
  }
}

TEST_CASE("blanks, comments and semicolons around a statement change nothing") {
  for (const RoutingCase& one : read_routing_scripts()) {
    const Traits plain = classify(one.sql, one.options, *one.catalog);
    const bool is_about_looks = one.reason == "comment" || one.sql.find("'unended") != std::string::npos ||
                                !one.options.primary_routing_query_pattern_list.empty();
    if (is_about_looks) continue;
    for (const std::string& text : other_clothes(one.sql)) {
      CAPTURE(one.where, text);
      CHECK(is_same_but_for_offsets(classify(text, one.options, *one.catalog), plain));
    }
  }
}

TEST_CASE("every statement kind has a line in the routing scripts") {
  std::set<StatementKind> seen;
  for (const RoutingCase& one : read_routing_scripts()) seen.insert(classify(one.sql, one.options, *one.catalog).kind);
  // unparsable lines have kind unknown
  for (const StatementRow& row : statement_table()) {
    CAPTURE(row.name);
    CHECK(seen.count(row.kind) == 1);
  }
}

TEST_CASE("every reason has a line in the routing scripts") {
  std::set<std::string> seen;
  for (const RoutingCase& one : read_routing_scripts()) seen.insert(one.reason);
  // these need a text that does not fit a line, a replica's answer, or a pipeline; they have tests of their own
  for (const char* name : {"too_deep", "refused_by_replica", "behind_others"}) seen.insert(name);
  for (const ReasonRow& row : reason_table()) {
    CAPTURE(row.name);
    CHECK(seen.count(std::string(row.name)) == 1);
  }
}

TEST_CASE("every parameter that says where statements go has a line in the routing scripts, in each of its values") {
  const std::set<std::string> elsewhere{"delay_threshold",      "delay_threshold_by_time",     "prefer_lower_delay_standby",
                                        "check_unlogged_table", "load_balance_foreign_tables", "load_balance_transactions",
                                        "read_consistency",     "max_parse_size"};
  std::set<std::string> seen;
  for (const RoutingCase& one : read_routing_scripts())
    for (const auto& [name, value] : one.settings) {
      seen.insert(name);
      seen.insert(name + "=" + value);
    }
  std::size_t count = 0;
  for_each_param_in_group(Settings{}, [&](std::string_view group, const ParamBase& param) {
    const std::string name = param.name();
    if ((group != "routing" && elsewhere.count(name) == 0) || param.support() != Support::honoured) return;
    CAPTURE(name);
    ++count;
    CHECK(seen.count(name) == 1);
    if (param.type_text() != "bool" && param.type_text() != "enumeration") return;
    std::string values = param.values_text();
    values.erase(std::remove(values.begin(), values.end(), ' '), values.end());
    for (const std::string& value : split(values, ',')) CHECK(seen.count(name + "=" + value) == 1);
  });
  CHECK(count >= elsewhere.size() + 10);
}
