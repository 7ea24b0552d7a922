#include "sql_router/classifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "sql_router/function_table.hpp"
#include "sql_router/gateway_commands.hpp"
#include "sql_router/name_rules.hpp"
#include "sql_router/pg_query_tree.hpp"

namespace howdah {

namespace {

// Whether a replica might run it and answer otherwise than the primary would. Writes and row locks it refuses; what is
// merely volatile, a cursor or a catalog is as good there.
bool is_silent_on_replica(RouteReason reason) {
  switch (reason) {
    case RouteReason::listed_write_function:
    case RouteReason::not_in_read_only_list:
    case RouteReason::unknown_function:
    case RouteReason::node_local_function:
    case RouteReason::node_local_relation:
    case RouteReason::node_local_setting:
      return true;
    default:
      return false;
  }
}

// A standby refuses to be told to write or to be SERIALIZABLE, where the primary only warns outside a transaction.
bool is_for_primary(const StatementHead& head) {
  const TransactionModes& modes = head.modes;
  return head.kind == StatementKind::set_transaction &&
         (modes.is_unclear || modes.imports_snapshot || modes.is_read_only == false ||
          modes.isolation == Isolation::serializable);
}

// Of these the classifier, and the grammar, look at no literal: see also on_function and has_float_precision.
bool is_deaf_to_literals(StatementKind kind) {
  switch (kind) {
    case StatementKind::select:
    case StatementKind::insert:
    case StatementKind::update:
    case StatementKind::delete_rows:
    case StatementKind::merge:
      return true;
    default:
      return false;
  }
}

// One that RESET ALL takes away.
bool is_plain_setting(std::string_view name) {
  return !name.empty() && name.find_first_of("rRsS") != 0;  // role, session_authorization
}

// FLOAT(n) is the one type whose number the grammar itself refuses when it does not fit. Also true of what looks like it.
bool has_float_precision(std::string_view text) {
  constexpr std::string_view kWord = "float";
  const auto is_same = [](char a, char b) { return (a | 0x20) == b; };
  for (auto at = text.begin();;) {
    at = std::search(at, text.end(), kWord.begin(), kWord.end(), is_same);
    if (at == text.end()) return false;
    at += kWord.size();
    const auto next = text.find_first_not_of(" \t\n\r\f", static_cast<std::size_t>(at - text.begin()));
    // a bracket, or a comment that may stand before it
    if (next != std::string_view::npos && std::string_view("(/-").find(text[next]) != std::string_view::npos) return true;
  }
}

// Listens to the tree and writes the traits. The first objection found stands as the reason.
class Judge final : public TreeVisitor {
 public:
  Judge(Traits& traits, const RoutingOptions& options) : traits_(traits), options_(options) {
    traits_.verdict = {.may_use_replica = true, .may_write = false, .reason = RouteReason::read};
    traits_.kind = StatementKind::empty;
    traits_.depends_on_literals = false;
  }

  void on_statement(const StatementHead& head) override {
    for (SessionStep step : head.steps) {
      step.statement = traits_.statement_count;
      traits_.steps.push_back(std::move(step));
    }
    are_calls_told_ = head.are_calls_told;
    if (traits_.statement_count++ == 0) traits_.kind = head.kind;
    traits_.depends_on_literals |= !is_deaf_to_literals(head.kind);
    runs_ = head.runs_its_inner;
    judge_kind(head.kind);
    if (is_for_primary(head)) object(RouteReason::primary_only, {}, row_of(head.kind).name, false);
    if (head.kind == StatementKind::show) judge_show(head.setting);
    if (row_of(head.kind).route == RouteClass::transaction || head.transaction != TransactionControl::none)
      traits_.has_transaction_control = true;
    traits_.pins.add(head.pins);
    traits_.unpins.add(head.unpins);
    traits_.transaction = head.transaction;
    traits_.modes = head.modes;
    traits_.modes_scope = head.modes_scope;
    traits_.copy = head.copy;
    traits_.setting = head.setting;
    traits_.prepared_name = head.prepared_name;
  }

  void on_function(std::string_view schema, std::string_view name, std::string_view constant) override {
    const bool is_set_config = name == "set_config" && (schema.empty() || schema == "pg_catalog");
    traits_.depends_on_literals |= name == "current_setting" || is_set_config;
    if (name == "current_setting" && !constant.empty()) return judge_show(constant);
    const FunctionJudgement judgement = judge_function(schema, name, options_);
    if (judgement.reason != RouteReason::read) object(judgement.reason, schema, name, judgement.may_write);
    if (judgement.pin && !(is_set_config && are_calls_told_)) traits_.pins.add(*judgement.pin);
    // Which setting it is may not be told, either.
    if (is_set_config && !are_calls_told_ && !is_plain_setting(constant)) traits_.pins.add(PinReason::session_authorization);
    traits_.reads_sequences |= judgement.pin == PinReason::sequence_state && !judgement.may_write;
    if (judgement.unpin) traits_.unpins.add(*judgement.unpin);
  }

  // Like SET LOCAL, but a statement of its own: where it runs, it leaves nothing.
  void on_local_set_config() override {
    const FunctionJudgement judgement = judge_function({}, "set_config", options_);
    if (judgement.reason != RouteReason::read) object(judgement.reason, {}, "set_config", judgement.may_write);
    traits_.depends_on_literals = true;
  }

  void on_relation(std::string_view schema, std::string_view name) override {
    std::string written = schema.empty() ? std::string(name) : fmt::format("{}.{}", schema, name);
    const RouteReason reason = judge_relation(schema, name);
    if (reason != RouteReason::read) object(reason, {}, written, false);
    traits_.relations.push_back(std::move(written));
  }

  void on_write(StatementKind kind) override { object(RouteReason::write, {}, row_of(kind).name, true); }

  void on_row_lock() override {
    traits_.locks_rows = true;
    object(RouteReason::locks_rows, {}, {}, false);
  }

  void on_unknown_part() override { object(RouteReason::unparsable, {}, {}, true); }

  void finish() {
    if (!traits_.pins.is_empty()) traits_.is_node_bound = true;
    std::sort(traits_.relations.begin(), traits_.relations.end());
    traits_.relations.erase(std::unique(traits_.relations.begin(), traits_.relations.end()), traits_.relations.end());
    if (traits_.statement_count <= 1) return;
    if (traits_.has_transaction_control) object(RouteReason::several_with_transaction, {}, {}, false);
    traits_.transaction = TransactionControl::none;
    traits_.modes = {};
    traits_.modes_scope = ModesScope::none;
    traits_.setting.clear();
    traits_.prepared_name.clear();
    // The order of pinning and unpinning within the string is not followed up, nor what is rolled back in it.
    if (!traits_.pins.is_empty() || traits_.has_transaction_control) traits_.unpins.clear();
  }

 private:
  void judge_kind(StatementKind kind) {
    const StatementRow& row = row_of(kind);
    if (kind == StatementKind::unknown) return object(RouteReason::unparsable, {}, {}, true);
    if (row.route == RouteClass::primary)
      return object(row.writes ? RouteReason::write : RouteReason::primary_only, {}, row.name, row.writes);
    if (row.route == RouteClass::state) object(RouteReason::session_state, {}, row.name, row.writes);
  }

  void judge_show(std::string_view setting) {
    const RouteReason reason = judge_setting(setting);
    if (reason != RouteReason::read) object(reason, {}, setting, false);
  }

  void object(RouteReason reason, std::string_view schema, std::string_view because, bool may_write) {
    Verdict& verdict = traits_.verdict;
    verdict.may_write |= may_write && runs_;
    traits_.is_node_bound |= is_silent_on_replica(reason);
    if (!verdict.may_use_replica) return;
    verdict.may_use_replica = false;
    verdict.reason = reason;
    verdict.because = schema.empty() ? std::string(because) : fmt::format("{}.{}", schema, because);
  }

  Traits& traits_;
  const RoutingOptions& options_;
  bool are_calls_told_ = false;
  bool runs_ = true;  // false inside an EXPLAIN that only plans
};

// What we cannot read may do anything. If the server accepts it, it may also have left anything in the session.
Traits unread(ParseOutcome outcome, RouteReason reason) {
  Traits traits;
  traits.parse = outcome;
  traits.verdict = {.may_use_replica = false, .may_write = true, .reason = reason};
  traits.has_transaction_control = true;
  traits.is_node_bound = outcome != ParseOutcome::unparsable;  // most of what does not parse is mistyped
  traits.pins.add(PinReason::opaque);
  return traits;
}

// PostgreSQL's scanner reads a run of operator characters to its end, may take back all but one or two, and reads on: its
// time grows with the square of the run's length (a nest of comment openings is such a run). Nobody may hold up a worker
// with that: the budget is a few milliseconds.
constexpr std::size_t kScanBudget = 1'000'000;

bool has_slow_runs(std::string_view text) {
  constexpr std::string_view kOperatorCharacters = "~!@#^&|`?+-*/%<>=";
  static constexpr auto kIsOperator = [=] {
    std::array<bool, 256> table{};
    for (const char c : kOperatorCharacters) table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  std::size_t spent = 0;
  std::size_t run = 0;
  for (const char c : text) {
    if (kIsOperator[static_cast<unsigned char>(c)]) {
      spent += ++run;
    } else {
      run = 0;
    }
  }
  return spent > kScanBudget;
}

void override_by_operator(Traits& traits, std::string_view text, const RoutingOptions& options) {
  Verdict& verdict = traits.verdict;
  if (!verdict.may_use_replica || traits.has_transaction_control) return;
  if (!options.allow_sql_comments && begins_with_no_load_balance(text)) {
    verdict.may_use_replica = false;
    verdict.reason = RouteReason::comment;
    return;
  }
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const std::string_view trimmed = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  for (const Pattern& pattern : options.primary_routing_query_pattern_list) {
    if (!pattern.matches(trimmed)) continue;
    verdict.may_use_replica = false;
    verdict.reason = RouteReason::pattern;
    verdict.because = pattern.text();
    return;
  }
}

}  // namespace

bool is_slow_to_scan(std::string_view text) {
  // Most texts are too short for it, were they one single run.
  return text.size() * text.size() > kScanBudget && has_slow_runs(text);
}

Traits classify(std::string_view text, const RoutingOptions& options) {
  if (text.size() > options.max_parse_size) return unread(ParseOutcome::too_long, RouteReason::too_long);
  // The parser would take a NUL for the end, and miss what comes after it.
  if (text.find('\0') != std::string_view::npos) return unread(ParseOutcome::unparsable, RouteReason::unparsable);
  if (is_slow_to_scan(text)) return unread(ParseOutcome::too_deep, RouteReason::too_deep);

  Traits traits;
  traits.gateway = recognise_gateway_command(text);
  if (traits.is_gateway_command()) {
    traits.kind = StatementKind::gateway_command;
    traits.parse = ParseOutcome::parsed;
    traits.statement_count = 1;
    traits.verdict = {.may_use_replica = true, .may_write = false, .reason = RouteReason::gateway_command};
    return traits;
  }
  Judge judge(traits, options);
  const std::string terminated(text);
  traits.parse = visit_statements(terminated.c_str(), judge);
  if (traits.parse == ParseOutcome::unparsable) return unread(traits.parse, RouteReason::unparsable);
  if (traits.parse == ParseOutcome::too_deep) return unread(traits.parse, RouteReason::too_deep);
  judge.finish();
  // The patterns look at the whole text.
  traits.depends_on_literals |= !options.primary_routing_query_pattern_list.empty() || has_float_precision(text);
  override_by_operator(traits, text, options);
  return traits;
}

}  // namespace howdah
