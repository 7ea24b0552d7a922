#include "sql_router/classifier.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "sql_router/catalog/catalog_change.hpp"
#include "sql_router/catalog/plpgsql_body.hpp"
#include "sql_router/changes_nothing.hpp"
#include "sql_router/function_table.hpp"
#include "sql_router/gateway_commands.hpp"
#include "sql_router/hints.hpp"
#include "sql_router/name_rules.hpp"
#include "sql_router/pg_query_tree.hpp"
#include "sql_router/text_form.hpp"

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

// Listens to the tree and writes the traits. The first objection found stands as the reason. Functions and relations are
// kept until the end: what they do is told by the catalog, and which names are common tables is not known before.
class Judge final : public TreeVisitor {
 public:
  // `collects_uses`: whether somebody wants to know of functions that are called without their names.
  Judge(Traits& traits, bool collects_uses) : traits_(traits), collects_uses_(collects_uses) {
    traits_.verdict = {.may_use_replica = true, .may_write = false, .reason = RouteReason::read};
    traits_.changes_nothing = true;
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
    form_.add(head.kind, head.transaction);
    traits_.depends_on_literals |= !is_deaf_to_literals(head.kind);
    runs_ = head.runs_its_inner;
    judge_kind(head.kind);
    if (is_for_primary(head)) object(RouteReason::primary_only, row_of(head.kind).name, false);
    if (head.kind == StatementKind::show) judge_show(head.setting);
    if (row_of(head.kind).route == RouteClass::transaction || head.transaction != TransactionControl::none)
      traits_.has_transaction_control = true;
    note_change(head.pins.has(PinReason::temp_table) ? std::min(catalog_change_of(head.kind), CatalogChange::plans)
                                                     : catalog_change_of(head.kind));
    traits_.pins.add(head.pins);
    traits_.unpins.add(head.unpins);
    traits_.transaction = head.transaction;
    traits_.modes = head.modes;
    traits_.modes_scope = head.modes_scope;
    traits_.copy = head.copy;
    traits_.setting = head.setting;
    traits_.prepared_name = head.prepared_name;
    traits_.gid = head.gid;
    traits_.has_plain_arguments = head.has_plain_arguments;
    changes_statements_ |= head.kind == StatementKind::prepare ||
                           (head.kind == StatementKind::deallocate && !head.prepared_name.empty());
    traits_.drops_statements |= head.unpins.has(Unpin::deallocate_all) || head.unpins.has(Unpin::discard_all);
  }

  void on_function(std::string_view schema, std::string_view name, std::string_view constant) override {
    const bool is_set_config = name == "set_config" && (schema.empty() || schema == "pg_catalog");
    traits_.depends_on_literals |= name == "current_setting" || is_set_config;
    traits_.reads_transaction_time |= name == "now" || name == "transaction_timestamp" || name == "age";
    if (name == "current_setting" && !constant.empty()) return judge_show(constant);
    traits_.shows_statements |= name == "pg_prepared_statement";
    // Which setting it is may not be told, either.
    if (is_set_config && !are_calls_told_ && !is_plain_setting(constant)) traits_.pins.add(PinReason::session_authorization);
    functions_.push_back({{std::string(schema), std::string(name)}, runs_, is_set_config && are_calls_told_});
  }

  bool wants_uses() const override { return collects_uses_; }

  void on_use(std::string_view schema, std::string_view mark, std::string_view name) override {
    has_uses_ = true;
    if (collects_uses_) uses_.push_back({{std::string(schema), std::string(mark).append(name)}, functions_.size(), runs_});
  }

  // Like SET LOCAL, but a statement of its own: where it runs, it leaves nothing.
  void on_local_set_config() override {
    traits_.depends_on_literals = true;
    functions_.push_back({{"pg_catalog", "set_config"}, runs_, true});
  }

  void on_relation(std::string_view schema, std::string_view name) override {
    NamedRelation& relation = relations_.emplace_back();
    relation.name = {std::string(schema), std::string(name)};
    const RouteReason reason = judge_relation(schema, name);
    traits_.shows_statements |= name == "pg_prepared_statements";
    if (reason != RouteReason::read) object(reason, to_text(relation.name), false);
  }

  void on_common_table(std::string_view name) override { common_tables_.emplace_back(name); }

  void on_code(std::string_view language, std::string_view text) override {
    const bool is_readable = (language.empty() || language == "plpgsql") && !is_slow_to_scan(text);
    BodyReading body = is_readable ? read_plpgsql(text) : BodyReading{.has_unknown_part = true};
    if (body.has_unknown_part) body.effects.add({.catalog_change = CatalogChange::changes, .pins = PinReason::opaque}, {});
    form_.note_code(body.has_unknown_part || body.may_end_transaction);
    add({}, body.effects, functions_.size());
    for (ObjectName& name : body.functions) functions_.push_back({std::move(name), runs_});
    relations_.insert(relations_.end(), body.relations.begin(), body.relations.end());
  }

  void on_statement_name(std::string_view name) override { traits_.statement_names.emplace_back(name); }

  void on_write(StatementKind kind) override {
    if (runs_) note_change(std::min(catalog_change_of(kind), CatalogChange::plans));
    updates_ |= kind == StatementKind::update;
    object(RouteReason::write, row_of(kind).name, true);
  }

  void on_row_lock() override {
    traits_.locks_rows = true;
    object(RouteReason::locks_rows, {}, false);
  }

  void on_transaction_time() override { traits_.reads_transaction_time = true; }

  void on_unknown_part() override { object(RouteReason::unparsable, {}, true); }

  void finish(const RoutingOptions& options, const CatalogFacts& facts, std::string_view text) {
    if (traits_.statement_count > 1 && changes_statements_) traits_.pins.add(PinReason::prepared);
    sort_relations();
    pin_for_settings();
    judge_functions(options, facts);
    judge_uses(facts);
    judge_relations(facts);
    if (!functions_.empty() || !relations_.empty() || has_uses_) traits_.catalog_stamp = facts.stamp();
    for (const NamedRelation& relation : relations_) traits_.relations.push_back(to_text(relation.name));
    for (auto* names : {&traits_.relations, &traits_.statement_names}) {
      std::sort(names->begin(), names->end());
      names->erase(std::unique(names->begin(), names->end()), names->end());
    }
    form_.tell(text, traits_);
    if (!traits_.pins.is_empty()) traits_.is_node_bound = true;
    traits_.changes_nothing &= traits_.pins.is_empty() && !traits_.has_transaction_control;
    if (traits_.statement_count <= 1) return;
    if (traits_.has_transaction_control) object(RouteReason::several_with_transaction, {}, false);
    traits_.transaction = TransactionControl::none;
    traits_.modes = {};
    traits_.modes_scope = ModesScope::none;
    traits_.setting.clear();
    traits_.prepared_name.clear();
    traits_.gid.clear();
    traits_.has_plain_arguments = false;
    // The order of pinning and unpinning within the string is not followed up, nor what is rolled back in it.
    if (!traits_.pins.is_empty() || traits_.has_transaction_control) traits_.unpins.clear();
  }

  // Instead of finish(): as a part of something else.
  BodyReading as_body() {
    sort_relations();
    pin_for_settings();
    BodyReading body;
    const Verdict& verdict = traits_.verdict;
    body.effects = {.reason = verdict.reason,
                    .because = verdict.because,
                    .may_write = verdict.may_write,
                    .reads_transaction_time = traits_.reads_transaction_time,
                    .catalog_change = traits_.catalog_change,
                    .pins = traits_.pins};
    // What it takes away it may take away on a condition. The names of statements are told to nobody.
    if (changes_statements_ || traits_.drops_statements) body.effects.pins.add(PinReason::opaque);
    // A function's settings are told to nobody.
    for (const SessionStep& step : traits_.steps) {
      if (step.name == "role" || step.name_parameter != 0) body.effects.pins.add(PinReason::session_authorization);
      if (step.name != "role") body.effects.pins.add(PinReason::setting);
    }
    body.has_unknown_part = verdict.reason == RouteReason::unparsable;
    for (CalledFunction& function : functions_) body.functions.push_back(std::move(function.name));
    for (Use& use : uses_) body.uses.push_back(std::move(use.name));
    body.relations = std::move(relations_);
    return body;
  }

 private:
  struct CalledFunction {
    ObjectName name;
    bool is_run = true;  // false inside an EXPLAIN that only plans
    bool leaves_nothing = false;  // set_config that is carried, or ends with its transaction
  };

  struct Use {
    ObjectName name;
    std::size_t position;  // how many functions the statement calls before it
    bool is_run;
  };

  void sort_relations() {
    std::sort(common_tables_.begin(), common_tables_.end());
    for (NamedRelation& relation : relations_)
      relation.is_certain &= !relation.name.schema.empty() ||
                             !std::binary_search(common_tables_.begin(), common_tables_.end(), relation.name.name);
    std::sort(relations_.begin(), relations_.end());
    relations_.erase(std::unique(relations_.begin(), relations_.end()), relations_.end());
  }

  // UPDATE pg_settings is a SET whose name and value are not told.
  void pin_for_settings() {
    const auto is_settings = [](const NamedRelation& relation) {
      return relation.name.name == "pg_settings" && (relation.name.schema.empty() || relation.name.schema == "pg_catalog");
    };
    if (updates_ && std::any_of(relations_.begin(), relations_.end(), is_settings)) traits_.pins.add(PinReason::setting);
  }

  // What stands before the first objection of the text itself is heard first.
  void judge_functions(const RoutingOptions& options, const CatalogFacts& facts) {
    for (std::size_t i = 0; i < functions_.size(); ++i) {
      const CalledFunction& function = functions_[i];
      const FoundEffects found = facts.effects_of_call(function.name);
      traits_.names_unlisted |= found.is_unlisted;
      runs_ = function.is_run;
      Effects effects = judge_by_lists(function.name, found.effects, options);
      if (function.leaves_nothing) effects.pins.clear();
      add(function.name, effects, i, changes_nothing(function.name, found.effects, effects.reason));
    }
    runs_ = true;
  }

  void judge_uses(const CatalogFacts& facts) {
    for (const Use& use : uses_) {
      runs_ = use.is_run;
      add(use.name, facts.effects_of_use(use.name), use.position);
    }
    runs_ = true;
  }

  void judge_relations(const CatalogFacts& facts) {
    for (const NamedRelation& relation : relations_) {
      const FoundEffects found = facts.effects_of_relation(relation);
      traits_.names_unlisted |= found.is_unlisted;
      add(relation.name, found.effects, kLast, changes_nothing(found.effects));
    }
  }

  void add(const ObjectName& name, const Effects& effects, std::size_t position, bool is_harmless = false) {
    if (effects.reason != RouteReason::read) {
      Effects named;
      named.add(effects, to_text(name));
      object_at(position, effects.reason, named.because, effects.may_write);
    }
    traits_.changes_nothing &= is_harmless || effects.reason == RouteReason::read || !runs_;
    traits_.pins.add(effects.pins);
    traits_.reads_sequences |= effects.reads_sequences;
    traits_.reads_transaction_time |= effects.reads_transaction_time;
    note_change(effects.catalog_change);
  }

  void note_change(CatalogChange change) { traits_.catalog_change = std::max(traits_.catalog_change, change); }

  void judge_kind(StatementKind kind) {
    const StatementRow& row = row_of(kind);
    if (kind == StatementKind::unknown) return object(RouteReason::unparsable, {}, true);
    if (row.route == RouteClass::primary)
      return object(row.writes ? RouteReason::write : RouteReason::primary_only, row.name, row.writes);
    if (row.route == RouteClass::state) object(RouteReason::session_state, row.name, row.writes);
  }

  void judge_show(std::string_view setting) {
    const RouteReason reason = judge_setting(setting);
    if (reason != RouteReason::read) object(reason, setting, false);
  }

  void object(RouteReason reason, std::string_view because, bool may_write) {
    traits_.changes_nothing &= (changes_nothing(reason) && !may_write) || !runs_;
    object_at(functions_.size(), reason, because, may_write);
  }

  // `position`: how many functions the statement calls before it.
  void object_at(std::size_t position, RouteReason reason, std::string_view because, bool may_write) {
    Verdict& verdict = traits_.verdict;
    verdict.may_write |= may_write && runs_;
    traits_.is_node_bound |= is_silent_on_replica(reason);
    if (!verdict.may_use_replica && position >= objected_at_) return;
    objected_at_ = position;
    verdict.may_use_replica = false;
    verdict.reason = reason;
    verdict.because = because;
  }

  static constexpr std::size_t kLast = static_cast<std::size_t>(-1);

  Traits& traits_;
  const bool collects_uses_;
  bool has_uses_ = false;
  std::vector<CalledFunction> functions_;
  std::vector<Use> uses_;
  std::vector<NamedRelation> relations_;
  std::vector<std::string> common_tables_;
  std::size_t objected_at_ = kLast;
  TextForm form_;
  bool changes_statements_ = false;
  bool updates_ = false;
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
  traits.catalog_change = CatalogChange::adds;
  return traits;
}

TraitsPtr classify_prepared(const std::string& text, const RoutingOptions& options, const CatalogFacts& facts) {
  Traits traits;
  Judge judge(traits, facts.has_uses());
  traits.parse = visit_prepared(text.c_str(), judge);
  if (traits.parse != ParseOutcome::parsed) return std::make_shared<const Traits>(unread(traits.parse, RouteReason::too_deep));
  judge.finish(options, facts, text);
  // EXECUTE has no Bind that would tell its arguments.
  const auto is_untold = [](const SessionStep& step) { return step.parameter != 0 || step.name_parameter != 0; };
  if (std::any_of(traits.steps.begin(), traits.steps.end(), is_untold)) {
    const bool may_be_any = std::any_of(traits.steps.begin(), traits.steps.end(), [](const SessionStep& step) { return step.name_parameter != 0; });
    if (may_be_any) traits.pins.add(PinReason::session_authorization);
    traits.steps.clear();
    traits.pins.add(PinReason::setting);
    traits.is_node_bound = true;
  }
  return std::make_shared<const Traits>(std::move(traits));
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

// Whether a word of the operator's, or in a comment, can still change where it runs.
bool may_be_overridden(const Traits& traits) {
  return (traits.verdict.may_use_replica || traits.stands_for_prepared()) && !traits.has_transaction_control;
}

void send_to_primary(Traits& traits, RouteReason reason, std::string_view because) {
  traits.has_plain_arguments = false;  // also of an EXECUTE, whatever it executes
  traits.verdict.may_use_replica = false;
  traits.verdict.reason = reason;
  traits.verdict.because = because;
}

// A hint that means nothing might have asked for more than is given: the primary has it all.
void apply_hints(Traits& traits, std::string_view text) {
  const Hints hints = read_hints(text);
  traits.read_consistency = hints.read_consistency;
  if (!hints.unreadable.empty() && may_be_overridden(traits)) send_to_primary(traits, RouteReason::comment, hints.unreadable);
}

void override_by_operator(Traits& traits, std::string_view text, const RoutingOptions& options) {
  if (!may_be_overridden(traits)) return;
  traits.has_no_load_balance = begins_with_no_load_balance(text);
  const std::string_view statement = trimmed(text);
  for (const Pattern& pattern : options.primary_routing_query_pattern_list) {
    if (pattern.matches(statement)) return send_to_primary(traits, RouteReason::pattern, pattern.text());
  }
}

}  // namespace

bool is_slow_to_scan(std::string_view text) {
  // Most texts are too short for it, were they one single run.
  return text.size() * text.size() > kScanBudget && has_slow_runs(text);
}

Traits classify(std::string_view text, const RoutingOptions& options, const CatalogFacts& facts) {
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
  Judge judge(traits, facts.has_uses());
  const std::string terminated(text);
  traits.parse = visit_statements(terminated.c_str(), judge);
  if (traits.parse == ParseOutcome::unparsable) {
    traits = unread(traits.parse, RouteReason::unparsable);
    traits.catalog_change = catalog_change_of(text);
    return traits;
  }
  if (traits.parse == ParseOutcome::too_deep) return unread(traits.parse, RouteReason::too_deep);
  judge.finish(options, facts, text);
  if (traits.kind == StatementKind::prepare && traits.statement_count == 1) {
    traits.prepared.traits = classify_prepared(terminated, options, facts);
    traits.catalog_stamp = std::max(traits.catalog_stamp, traits.prepared.traits->catalog_stamp);
  }
  // The patterns look at the whole text.
  traits.depends_on_literals |= !options.primary_routing_query_pattern_list.empty() || has_float_precision(text);
  apply_hints(traits, text);
  override_by_operator(traits, text, options);
  return traits;
}

BodyReading read_sql(std::string_view text) {
  const BodyReading unread{.has_unknown_part = true};
  constexpr std::size_t kLongest = 1 << 20;
  if (text.size() > kLongest || text.find('\0') != std::string_view::npos || is_slow_to_scan(text)) return unread;
  Traits traits;
  Judge judge(traits, true);
  const std::string terminated(text);
  return visit_statements(terminated.c_str(), judge) == ParseOutcome::parsed ? judge.as_body() : unread;
}

}  // namespace howdah
