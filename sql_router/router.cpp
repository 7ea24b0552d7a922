#include "sql_router/router.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "sql_router/balancer.hpp"
#include "sql_router/freshness.hpp"
#include "sql_router/preferences.hpp"

namespace howdah {

namespace {

// Everything a rule looks at, so that rules take one argument.
struct Question {
  const Traits& traits;
  const SessionFacts& facts;
  const ClusterView& view;
  const RoutingOptions& options;
};

Decision to_primary(const Question& question, RouteReason reason, std::string_view because = {}) {
  const NodeView* primary = available_primary(question.view);
  if (primary == nullptr) return {.reason = RouteReason::no_primary, .because = row_of(reason).name};
  return {.node = primary->id, .reason = reason, .because = because};
}

Decision as_text_says(const Question& question) {
  const Verdict& verdict = question.traits.verdict;
  if (verdict.may_use_replica) return to_primary(question, RouteReason::comment);
  return to_primary(question, verdict.reason, verdict.because);
}

// Whether a READ COMMITTED transaction may have this statement on a standby. Each such statement has a snapshot of its own
// anyway; what holds for the whole transaction (its time, its settings, its savepoints) it would lose when it moves.
bool may_visit_standby(const Question& question) {
  const Traits& traits = question.traits;
  return question.options.load_balance_transactions && question.facts.transaction_may_visit_standby &&
         may_use_replica(traits, question.options) && leaves_nothing_behind(traits) &&
         consistency_of(traits, question.facts, question.options) != ReadConsistency::global;
}

// A standby would answer it otherwise, or refuse it where the primary does not.
bool needs_primary_although_read_only(const Traits& traits) {
  const bool only_ends = traits.verdict.reason == RouteReason::several_with_transaction && !traits.verdict.may_write;
  const bool may_hide_one = traits.statement_count > 1 && !traits.verdict.may_use_replica && !only_ends;
  return differs_on_standby(traits) || traits.row().is_refused_in_recovery || may_hide_one;
}

// It has only read on a standby so far. Its end may stay there too.
bool must_move_to_primary(const Question& question, const NodeView& standby) {
  const TransactionControl control = question.traits.transaction;
  if (control == TransactionControl::commit || control == TransactionControl::rollback) return false;
  if (question.facts.transaction_is_read_only) return needs_primary_although_read_only(question.traits);
  return !may_visit_standby(question) ||
         !is_fresh_enough(question.view, standby,
                          needed_freshness(question.traits, question.facts, question.view, question.options));
}

Decision in_open_transaction(const Question& question) {
  const Traits& traits = question.traits;
  const NodeId node = *question.facts.transaction_node;
  if (question.facts.transaction_may_move) {
    const NodeView* standby = question.view.find(node);
    if (standby == nullptr || must_move_to_primary(question, *standby)) {
      if (!may_use_replica(traits, question.options)) return as_text_says(question);
      return to_primary(question, RouteReason::explicit_transaction);
    }
  }
  Decision decision{.node = node, .reason = RouteReason::transaction_node};
  decision.is_misplaced = traits.is_node_bound && question.view.primary != node;
  if (decision.is_misplaced) decision.because = traits.verdict.because;
  return decision;
}

Decision in_pinned_session(const Question& question) {
  const NodeId node = *question.facts.pinned_node;
  const std::string_view because = question.facts.pin_reason ? to_text(*question.facts.pin_reason) : "";
  if (may_use_replica(question.traits, question.options)) return {.node = node, .reason = RouteReason::pinned, .because = because};
  if (available_primary(question.view) == nullptr)
    return {.reason = RouteReason::no_primary, .because = row_of(RouteReason::pinned).name};
  if (question.view.primary != node) return {.reason = RouteReason::pinned_node_lost, .because = because};
  return {.node = node, .reason = RouteReason::pinned, .because = because};
}

// The session's draw if it is still good, else a new one, which is told in decision.drawn.
const NodeView* load_balance_node(const Question& question, Rng& rng, Decision& decision) {
  const auto accepts = [&](const NodeView& node) { return may_read(question.view, node); };
  const auto draw_anew = [&] {
    const RedirectRule* preference = find_preference(question.facts, question.options);
    return preference != nullptr ? draw_preferred(question.view, *preference, rng) : draw(question.view, rng, accepts);
  };
  if (question.options.statement_level_load_balance) return draw_anew();
  if (question.facts.load_balance_node) {
    const NodeView* node = question.view.find(*question.facts.load_balance_node);
    if (node != nullptr && accepts(*node)) return node;
  }
  const NodeView* drawn = draw_anew();
  if (drawn != nullptr) decision.drawn = drawn->id;
  return drawn;
}

bool has_usable_standby(const ClusterView& view) {
  return std::any_of(view.nodes.begin(), view.nodes.end(),
                     [&](const NodeView& node) { return may_read(view, node) && view.primary != node.id; });
}

// The standby drawn will not do (`why`): another standby if that is allowed or nothing else is left, else the primary.
const NodeView* instead_of_drawn(const Question& question, const Freshness& freshness, RouteReason why, Rng& rng,
                                 Decision& decision) {
  const ClusterView& view = question.view;
  const auto is_fresh = [&](const NodeView& node) {
    return may_read(view, node) && view.primary != node.id && is_fresh_enough(view, node, freshness);
  };
  const NodeView* primary = available_primary(view);
  decision.reason = why;
  if (question.options.prefer_lower_delay_standby && why == RouteReason::replica_lag) {
    const auto is_near = [&](const NodeView& node) { return is_fresh(node) && !lags_too_much(node, question.options); };
    if (const NodeView* node = draw_least_delayed(view, question.options, rng, is_near)) return node;
  }
  if (primary != nullptr) return primary;
  decision.reason = RouteReason::only_replica_left;
  return draw_least_delayed(view, question.options, rng, is_fresh);
}

Decision balanced_read(const Question& question, RouteReason reason, Rng& rng) {
  const Freshness freshness = needed_freshness(question.traits, question.facts, question.view, question.options);
  Decision decision{.reason = reason};
  decision.read_bound = freshness.read_bound;
  decision.global_bound = freshness.global_bound;
  decision.position = freshness.position;
  decision.is_position_needed = freshness.is_needed;
  const NodeView* node = load_balance_node(question, rng, decision);
  if (node == nullptr) {
    decision.reason = RouteReason::no_node;
    return decision;
  }
  if (question.view.primary == node->id) {
    if (!has_usable_standby(question.view)) decision.reason = RouteReason::no_usable_replica;
  } else if (!is_fresh_enough(question.view, *node, freshness)) {
    node = instead_of_drawn(question, freshness, freshness.why, rng, decision);
  } else if (lags_too_much(*node, question.options)) {
    node = instead_of_drawn(question, freshness, RouteReason::replica_lag, rng, decision);
  }
  if (node == nullptr) {
    decision.reason = RouteReason::no_primary;
    decision.because = row_of(freshness.why).name;
    return decision;
  }
  decision.node = node->id;
  return decision;
}

// A statement that only reads, outside any transaction or first in a READ ONLY one.
Decision route_read(const Question& question, RouteReason reason, Rng& rng) {
  const RoutingOptions& options = question.options;
  if (!options.load_balance_mode) return to_primary(question, RouteReason::load_balance_off);
  if (options.disable_load_balance_on_write == WriteEffect::always && question.facts.has_written)
    return to_primary(question, RouteReason::wrote_before);
  return balanced_read(question, reason, rng);
}

Decision route_transaction(const Question& question, bool is_read_only, bool is_serializable, Rng& rng) {
  if (!may_use_replica(question.traits, question.options)) return as_text_says(question);
  if (is_serializable) return to_primary(question, RouteReason::serializable);
  if (question.options.disable_load_balance_on_write == WriteEffect::trans_transaction &&
      question.facts.has_written_in_transaction)
    return to_primary(question, RouteReason::wrote_before);
  if (!is_read_only && !may_visit_standby(question)) return to_primary(question, RouteReason::explicit_transaction);
  if (!is_read_only) return route_read(question, RouteReason::transaction_read, rng);
  // Its later statements are reads of their own, and a transaction cannot move to where they would be fresh.
  if (consistency_of(question.traits, question.facts, question.options) == ReadConsistency::global)
    return to_primary(question, RouteReason::global_consistency);
  return route_read(question, RouteReason::read_only_transaction, rng);
}

}  // namespace

Decision decide(const Traits& traits, const SessionFacts& facts, const ClusterView& view, const RoutingOptions& options,
                Rng& rng) {
  const Question question{traits, facts, view, options};
  if (traits.is_gateway_command()) return {.reason = RouteReason::gateway_command, .because = traits.gateway.name};
  if (facts.transaction_node) return in_open_transaction(question);
  if (facts.pinned_node) return in_pinned_session(question);
  if (facts.in_transaction)
    return route_transaction(question, facts.transaction_is_read_only, facts.transaction_is_serializable, rng);
  if (traits.transaction == TransactionControl::begin) {
    const TransactionModes& modes = traits.modes;
    const bool is_serializable =
        modes.isolation ? *modes.isolation == Isolation::serializable : facts.default_is_serializable;
    return route_transaction(question, modes.is_read_only.value_or(facts.default_is_read_only), is_serializable, rng);
  }
  if (!may_use_replica(traits, options)) return as_text_says(question);
  if (facts.default_is_serializable) return to_primary(question, RouteReason::serializable);
  return route_read(question, RouteReason::read, rng);
}

bool differs_on_standby(const Traits& traits) {
  if (traits.pins == PinReason::sequence_state && traits.verdict.may_write) return false;  // as the primary refuses it
  if (!traits.pins.is_empty()) return true;
  if (traits.verdict.because == "transaction_read_only") return false;  // it is on, there and here
  const RouteReason reason = traits.verdict.reason;
  return reason == RouteReason::node_local_function || reason == RouteReason::node_local_relation ||
         reason == RouteReason::node_local_setting;
}

bool leaves_nothing_behind(const Traits& traits) {
  const RouteClass route = traits.row().route;
  return (route == RouteClass::read || route == RouteClass::as_inner) && !traits.has_transaction_control &&
         !traits.reads_transaction_time && traits.pins.is_empty() && traits.steps.empty();
}

std::optional<Lsn> bound_from(const ClusterView& view, Instant wrote_at) {
  if (!view.primary_sample || view.primary_sample->asked_at <= wrote_at) return std::nullopt;
  return view.primary_sample->flushed;
}

bool has_replayed(const ClusterView& view, const NodeView& node, Lsn bound) {
  const NodeView* primary = view.primary_node();
  return primary != nullptr && node.timeline == primary->timeline && node.replayed >= bound;
}

bool have_all_replayed(const ClusterView& view, Lsn bound) {
  return std::all_of(view.nodes.begin(), view.nodes.end(), [&](const NodeView& node) {
    return view.primary == node.id || !may_read(view, node) || has_replayed(view, node, bound);
  });
}

namespace {

// Of a batch that begins a transaction in which something is read that needs more than BEGIN itself.
const Traits& demanding_begin() {
  static const Traits traits = [] {
    Traits begin;
    begin.verdict = {.may_use_replica = false, .may_write = false, .reason = RouteReason::explicit_transaction};
    begin.has_transaction_control = true;
    return begin;
  }();
  return traits;
}

}  // namespace

const Traits& combine(std::span<const Traits* const> batch, const RoutingOptions& options, ReadConsistency otherwise,
                      const WrittenObjects& written) {
  HOWDAH_ASSERT(!batch.empty());
  const auto strict = std::find_if(batch.begin(), batch.end(),
                                   [&](const Traits* traits) { return !may_use_replica(*traits, options); });
  if (strict != batch.end()) return **strict;
  // All read: eventual, session, global are in this order. With dml_adaptive what was written counts next.
  const bool is_adaptive = options.disable_load_balance_on_write == WriteEffect::dml_adaptive;
  const auto demand = [&](const Traits* traits) {
    return std::pair(traits->read_consistency.value_or(otherwise), is_adaptive && written.concern(*traits));
  };
  const Traits* strongest = *std::max_element(batch.begin(), batch.end(),
                                              [&](const Traits* one, const Traits* other) { return demand(one) < demand(other); });
  // What follows the batch runs where its BEGIN has.
  const auto begin = std::find_if(batch.begin(), batch.end(),
                                  [](const Traits* traits) { return traits->transaction == TransactionControl::begin; });
  if (begin == batch.end()) return *strongest;
  return demand(*begin) < demand(strongest) ? demanding_begin() : **begin;
}

}  // namespace howdah
