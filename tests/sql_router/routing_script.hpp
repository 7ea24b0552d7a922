// Reads tests/scripts/routing/*.txt: one case per line, as its README.txt tells.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/test_catalog.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/hints.hpp"
#include "sql_router/router.hpp"

namespace howdah::test {

// name=value words, or names alone.
using Words = std::vector<std::pair<std::string, std::string>>;

struct RoutingCase {
  std::string where;  // file:line
  Words settings;
  RoutingOptions options;
  CatalogRules rules;
  SessionFacts facts;
  std::shared_ptr<WrittenObjects> written = std::make_shared<WrittenObjects>();  // shared: `facts` point to it, copies too
  ClusterView view;
  const CatalogFacts* catalog = &CatalogFacts::unread();
  std::string sql;
  std::string target;
  std::string reason;
  Words checks;
};

inline Words read_words(const std::string& text) {
  Words words;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    const auto equals = word.find('=');
    words.emplace_back(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return words;
}

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

inline std::vector<Pattern> read_patterns(const std::string& text, char separator) {
  std::vector<Pattern> patterns;
  for (const std::string& part : split(text, separator)) patterns.push_back(Pattern::compile(part).value());
  return patterns;
}

inline std::vector<RedirectRule> read_redirects(const std::string& text) {
  std::vector<RedirectRule> rules;
  for (const std::string& item : split(text, ',')) {
    const RedirectPreference preference = parse_redirect(item).value();
    rules.push_back({Pattern::compile(preference.pattern).value(), preference.target, preference.node,
                     preference.weight});
  }
  return rules;
}

template <typename Value>
Value lookup(const std::map<std::string, Value>& names, const std::string& name) {
  const auto found = names.find(name);
  if (found == names.end()) throw std::runtime_error("unknown word: " + name);
  return found->second;
}

// Settings that are part of what the catalog tells.
inline bool apply_rule(CatalogRules& rules, const std::string& name, const std::string& value) {
  if (name == "check_unlogged_table") rules.checks_unlogged = value == "on";
  else if (name == "load_balance_foreign_tables") rules.foreign_reads_may_use_replica = value == "on";
  else return false;
  return true;
}

inline void apply_setting(RoutingOptions& options, const std::string& name, const std::string& value) {
  static const std::map<std::string, WriteEffect> kDisable{{"off", WriteEffect::off},
                                                              {"transaction", WriteEffect::transaction},
                                                              {"trans_transaction", WriteEffect::trans_transaction},
                                                              {"always", WriteEffect::always},
                                                              {"dml_adaptive", WriteEffect::dml_adaptive}};
  static const std::map<std::string, ReadConsistency> kConsistency{{"eventual", ReadConsistency::eventual},
                                                                   {"session", ReadConsistency::session},
                                                                   {"global", ReadConsistency::global}};
  const bool is_on = value == "on";
  if (name == "load_balance_mode") options.load_balance_mode = is_on;
  else if (name == "statement_level_load_balance") options.statement_level_load_balance = is_on;
  else if (name == "read_only_function_list") options.read_only_function_list = read_patterns(value, ',');
  else if (name == "write_function_list") options.write_function_list = read_patterns(value, ',');
  else if (name == "primary_routing_query_pattern_list")
    options.primary_routing_query_pattern_list = read_patterns(value, ';');
  else if (name == "user_redirect_preference_list") options.user_redirect_preference_list = read_redirects(value);
  else if (name == "database_redirect_preference_list") options.database_redirect_preference_list = read_redirects(value);
  else if (name == "app_name_redirect_preference_list") options.app_name_redirect_preference_list = read_redirects(value);
  else if (name == "allow_sql_comments") options.allow_sql_comments = is_on;
  else if (name == "disable_load_balance_on_write") options.disable_load_balance_on_write = lookup(kDisable, value);
  else if (name == "dml_adaptive_object_relationship_list")
    options.dml_adaptive_object_relationship_list = relationships_of(split(value, ',')).value();
  else if (name == "load_balance_transactions") options.load_balance_transactions = is_on;
  else if (name == "delay_threshold") options.delay_threshold = std::stoull(value);
  else if (name == "delay_threshold_by_time") options.delay_threshold_by_time = milliseconds(std::stoi(value));
  else if (name == "prefer_lower_delay_standby") options.prefer_lower_delay_standby = is_on;
  else if (name == "max_parse_size") options.max_parse_size = std::stoull(value);
  else if (name == "read_consistency") options.read_consistency = lookup(kConsistency, value);
  else throw std::runtime_error("unknown setting: " + name);
}

inline Instant at_ms(const std::string& text) { return Instant{milliseconds(std::stoi(text))}; }

inline PinReason read_pin(const std::string& name) {
  for (std::size_t i = 0; i < kPinReasonCount; ++i)
    if (to_text(static_cast<PinReason>(i)) == name) return static_cast<PinReason>(i);
  throw std::runtime_error("unknown pin reason: " + name);
}

inline bool apply_session_fact(SessionFacts& facts, const std::string& name, const std::string& value) {
  if (name == "transaction") facts.in_transaction = true;
  else if (name == "read_only") facts.transaction_is_read_only = true;
  else if (name == "serializable") facts.transaction_is_serializable = true;
  else if (name == "open") facts.transaction_node = NodeId{std::stoi(value)};
  else if (name == "default_read_only") facts.default_is_read_only = true;
  else if (name == "default_serializable") facts.default_is_serializable = true;
  else if (name == "lb") facts.load_balance_node = NodeId{std::stoi(value)};
  else if (name == "written") facts.has_written = true;
  else if (name == "written_in_transaction") facts.has_written_in_transaction = true;
  else if (name == "plain") facts.transaction_may_visit_standby = true;
  else if (name == "movable") facts.transaction_may_visit_standby = facts.transaction_may_move = true;
  else if (name == "wrote") facts.wrote_at = at_ms(value);
  else if (name == "bound") facts.read_bound = parse_lsn(value).value();
  else if (name == "consistency") facts.read_consistency = read_consistency_named(value).value();
  else if (name == "min_lsn") facts.min_lsn = parse_lsn(value).value();
  else if (name == "anyone_wrote") facts.anyone_wrote_at = at_ms(value);
  else if (name == "global_bound") facts.global_bound = parse_lsn(value).value();
  else if (name == "pinned") {
    const auto parts = split(value, ':');
    facts.pinned_node = NodeId{std::stoi(parts.at(0))};
    facts.pin_reason = read_pin(parts.at(1));
  } else return false;
  return true;
}

// What the session has written since, for dml_adaptive: names of tables, and calls of functions.
inline void apply_written(RoutingCase& one, const std::string& names) {
  for (const std::string& name : split(names, ',')) {
    const bool is_call = name.ends_with(")");
    const Traits write = classify((is_call ? "SELECT " : "DELETE FROM ") + name, one.options, *one.catalog);
    one.written->add(write, one.options.dml_adaptive_object_relationship_list);
  }
  one.facts.written_objects = one.written.get();
}

inline void apply_cluster_fact(ClusterView& view, const std::string& name, const std::string& value) {
  const auto parts = split(value, ':');
  const auto node = [&]() -> NodeView& { return view.nodes.at(std::stoul(parts.at(0))); };
  if (name == "no_primary") view.primary.reset();
  else if (name == "switching") view.is_switching = true;
  else if (name == "down") node().state = NodeState::down;
  else if (name == "quarantined") node().is_quarantined = true;
  else if (name == "unknown_role") node().role = Role::unknown;
  else if (name == "claims_primary") node().role = Role::primary;
  else if (name == "weights")
    for (std::size_t i = 0; i < view.nodes.size(); ++i) view.nodes[i].weight = std::stod(parts.at(i));
  else if (name == "lag") node().lag_bytes = std::stoull(parts.at(1));
  else if (name == "lag_time") node().lag_time = milliseconds(std::stoi(parts.at(1)));
  else if (name == "replayed") node().replayed = parse_lsn(parts.at(1)).value();
  else if (name == "timeline") node().timeline = TimelineId{static_cast<std::uint32_t>(std::stoul(parts.at(1)))};
  else if (name == "sample") view.primary_sample = PrimarySample{at_ms(parts.at(0)), parse_lsn(parts.at(1)).value()};
  else throw std::runtime_error("unknown fact: " + name);
}

inline ClusterView three_nodes() {
  ClusterView view;
  for (int i = 0; i < 3; ++i) {
    NodeView node{.id = NodeId{i}, .host = "db" + std::to_string(i), .port = 5432, .weight = i == 0 ? 0.0 : 1.0};
    node.state = NodeState::up;
    node.role = i == 0 ? Role::primary : Role::standby;
    node.timeline = TimelineId{1};
    view.nodes.push_back(node);
  }
  view.primary = NodeId{0};
  return view;
}

// Takes "<open>...<close> " off the front of the line; empty if it does not begin with one.
inline std::string take_bracketed(std::string& line, char open, char close) {
  if (line.empty() || line.front() != open) return "";
  const auto end = line.find(close);
  const std::string inside = line.substr(1, end - 1);
  line.erase(0, end + 2);
  return inside;
}

inline RoutingCase read_case(std::string line, std::string where) {
  RoutingCase result{.where = std::move(where), .view = three_nodes()};
  result.facts.user = "alice";
  result.facts.database = "shop";
  result.facts.application_name = "web";
  const auto arrow = line.rfind("=> ");
  if (arrow == std::string::npos) throw std::runtime_error(result.where + ": no '=> '");
  std::istringstream expected(line.substr(arrow + 3));
  line.erase(arrow == 0 ? 0 : arrow - 1);
  result.settings = read_words(take_bracketed(line, '[', ']'));
  for (const auto& [name, value] : result.settings)
    if (!apply_rule(result.rules, name, value)) apply_setting(result.options, name, value);
  for (const auto& [name, value] : read_words(take_bracketed(line, '{', '}')))
    if (name == "catalog") result.catalog = value == "stale" ? &CatalogFacts::stale() : &script_catalog(result.rules);
    else if (name == "wrote_to") apply_written(result, value);
    else if (!apply_session_fact(result.facts, name, value)) apply_cluster_fact(result.view, name, value);
  for (auto at = line.find("\\n"); at != std::string::npos; at = line.find("\\n")) line.replace(at, 2, "\n");
  result.sql = line;

  expected >> result.target;
  std::string number;
  if (result.target == "node" && expected >> number) result.target += " " + number;
  expected >> result.reason;
  std::string checks;
  std::getline(expected, checks);
  result.checks = read_words(checks);
  return result;
}

inline std::vector<RoutingCase> read_routing_scripts() {
  std::vector<RoutingCase> cases;
  for (const auto& file : std::filesystem::directory_iterator(TEST_SOURCE_DIR "/scripts/routing")) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".txt" || name == "README.txt") continue;
    std::ifstream in(file.path());
    int number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      if (!line.empty() && line.front() != '#') cases.push_back(read_case(line, name + ":" + std::to_string(number)));
    }
  }
  return cases;
}

}  // namespace howdah::test
