// Which server connection, when, and for how long: the session takes one only on the node its statement needs, and
// gives it back as soon as it owes nothing and nothing ties the session to it.
#include <fmt/format.h>

#include <algorithm>

#include "base/assert.hpp"
#include "gateway/session/closed_primary.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"
#include "sql_router/freshness.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr Duration kRetryInterval = 200ms;  // for nodes that refuse connections while the view still trusts them

// Nothing was decided: it follows the others.
RouteReason pipelined_reason(const Traits& traits) {
  return traits.verdict.may_use_replica ? RouteReason::behind_others : traits.verdict.reason;
}

// No connection of this pool is open that could be waited for.
Error full_error(const LeaseRefused& refusal) {
  return Error{.code = ErrorCode::too_many_clients,
               .message = refusal.error.message,
               .detail = std::string(wire::ErrorView(as_bytes(refusal.server_error)).field(wire::ErrorField::detail)),
               .hint = "Server " + std::to_string(refusal.node.value) + " takes no more connections. max_node_connections keeps the gateway's below that."};
}

Error misplaced_error(const Traits& traits) {
  return Error{.code = ErrorCode::feature_not_supported,
               .message = "this statement needs the primary, but its READ ONLY transaction runs on a replica",
               .detail = traits.verdict.because,
               .hint = "Run it outside the transaction, or before anything but plain reads."};
}

Error weaker_error() {
  return Error{.code = ErrorCode::command_failed,
               .message = "this transaction reads on a replica that need not have seen what this statement asks for",
               .hint = "SET howdah.read_consistency or howdah.min_lsn before the transaction begins."};
}

}  // namespace

// Whether the statement may be sent now, to backend_. If not, what was missing has been asked for, or
// input_.pending_error says why it never will be.
SessionCore::Go SessionCore::admit(const Traits& traits, bool may_follow, bool only_modes) {
  if (!may_send_next()) return Go::wait;
  if (owes()) {
    if ((settings_.settling != 0 && !may_follow) || !may_pipeline(traits)) return Go::wait;
    if (!is_batch_open_) route_reason_ = pipelined_reason(traits);
    return Go::now;
  }
  if (backend_ != nullptr && is_fresh_lease_) {
    // The catalog may have changed while the lease was waited for.
    if (!is_on_replica_ || traits.catalog_stamp == 0 || traits.verdict.may_use_replica)
      return settle_settings(may_follow, only_modes);
    return_backend(LeaseEnd::clean);
  }
  if (backend_ != nullptr && is_batch_open_) return Go::now;
  if (options_.pool_mode == PoolMode::statement && traits.transaction == TransactionControl::begin) {
    input_.pending_error = statement_mode_error();
    return Go::wait;
  }
  yield_before(traits);
  const Decision decision = choose(traits);
  route_reason_ = decision.reason;
  // A transaction that began before its standby was promoted stays read-only there: it begins anew, too.
  if (is_transaction_movable() && (decision.node != backend_->node() || decision.node == env_.view->primary)) {
    leave_standby();
    return Go::wait;
  }
  const bool is_lost_to_replica = is_on_replica_ && client_status() != TransactionStatus::idle && backend_ != nullptr &&
                                  transaction_.deferred_begin.empty();
  if (const auto error = is_lost_to_replica ? error_on_replica(traits) : std::nullopt) {
    is_transaction_movable() ? leave_standby() : void(input_.pending_error = *error);
    return Go::wait;
  }
  if (!decision.node) {
    if (decision.reason == RouteReason::pinned_node_lost && pins_ == kLoosely) {
      pins_.clear();
      return admit(traits, may_follow, only_modes);
    }
    if (decision.reason == RouteReason::pinned_node_lost) {
      close_with(Error{ErrorCode::session_state_lost,
                       "the server that held this connection's state is not the primary any more"},
                 CloseReason::session_state_lost);
    } else {
      wait_for_node(decision.reason == RouteReason::no_node ? ErrorCode::no_node : ErrorCode::no_primary);
    }
    return Go::wait;
  }
  return use_node(*decision.node) ? settle_settings(may_follow, only_modes) : Go::wait;
}

// Of a statement in a transaction that is on a replica and cannot leave it.
std::optional<Error> SessionCore::error_on_replica(const Traits& traits) const {
  if (client_status() != TransactionStatus::failed && differs_on_standby(traits)) return misplaced_error(traits);
  const bool is_about_rows = traits.fits_in_block && traits.catalog_change == CatalogChange::none;
  if (is_about_rows && asks_for_more(traits)) return weaker_error();
  return std::nullopt;
}

// Behind requests whose answers are still owed: only what is right there whatever those answers are.
bool SessionCore::may_pipeline(const Traits& traits) const {
  constexpr std::size_t kMaxInFlight = 1024;
  if (requests_.size() >= kMaxInFlight) return false;
  for (const Request& request : requests_)
    if (request.is_barrier) return false;
  if (is_batch_open_) return true;
  if (client_status() == TransactionStatus::failed && !requests_.is_status_certain()) return false;
  const bool is_primary = env_.view != nullptr && env_.view->primary == backend_->node();
  if (!is_on_replica_) return is_primary || client_status() != TransactionStatus::idle;
  const NodeView* node = env_.view->find(backend_->node());
  return client_status() == TransactionStatus::idle && requests_.is_status_certain() && may_use_replica(traits, routing()) &&
         !traits.has_transaction_control && node != nullptr && node->is_usable() && may_follow_on_replica(traits);
}

Decision SessionCore::choose(const Traits& traits) {
  if (rerun_.is_primary_forced && (client_status() == TransactionStatus::idle || !transaction_.deferred_begin.empty()))
    return {.node = env_.view->primary, .reason = RouteReason::refused_by_replica};
  if (const auto chosen = choose_for_replay()) return *chosen;
  if (const auto chosen = choose_after_word()) return *chosen;
  if (transaction_.has_left_standby && !transaction_.deferred_begin.empty())
    return {.node = env_.view->primary, .reason = RouteReason::explicit_transaction};
  Decision decision;
  constexpr int kDraws = 8;  // enough to find another replica; if not, the primary will do
  for (int i = 0; i < kDraws; ++i) {
    const SessionFacts known = facts(traits);
    if (!known.transaction_node) written_.admitted = demand_of(traits, known, routing());
    decision = decide(traits, known, *env_.view, routing(), env_.rng);
    if (decision.drawn) load_balance_node_ = decision.drawn;
    remember_freshness(known, decision);
    if (!rerun_.avoided_node || decision.node != rerun_.avoided_node || known.transaction_node || known.pinned_node)
      return decision;
    load_balance_node_.reset();
  }
  decision.node = env_.view->primary == rerun_.avoided_node ? std::nullopt : env_.view->primary;
  decision.reason = RouteReason::no_primary;
  return decision;
}

SessionFacts SessionCore::facts(const Traits& traits) const {
  SessionFacts known;
  known.in_transaction = client_status() != TransactionStatus::idle;
  if (known.in_transaction && transaction_.deferred_begin.empty() && backend_ != nullptr)
    known.transaction_node = backend_->node();
  known.transaction_is_read_only = transaction_.is_read_only;
  known.transaction_is_serializable = transaction_.is_serializable;
  known.transaction_may_visit_standby = transaction_.is_plain && !transaction_.is_statement_open_ended;
  known.transaction_may_move = is_transaction_movable();
  known.default_is_serializable = transaction_.is_default_serializable;
  known.default_is_read_only = transaction_.is_default_read_only;
  known.pin_reason = pin_reason();
  if (known.pin_reason && backend_ != nullptr) known.pinned_node = backend_->node();
  known.load_balance_node = load_balance_node_;
  known.user = identity_.user;
  known.database = identity_.database;
  known.application_name = identity_.application_name;
  known.has_written = written_.by_session;
  known.has_written_in_transaction = written_.in_transaction;
  add_freshness(traits, known);
  return known;
}

// True if backend_ is on the node; else it has been asked for.
bool SessionCore::use_node(NodeId node) {
  if (backend_ != nullptr && backend_->node() == node) return true;
  if (backend_ != nullptr) park_backend();
  const auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const Backend* b) { return b->node() == node; });
  if (kept != kept_.end()) {
    backend_ = *kept;
    kept_.erase(kept);
    is_fresh_lease_ = true;
    is_on_replica_ = env_.view->primary != node;
    look_for_sequences();
    sequences_.may_be_asked = options_.pool_mode != PoolMode::session && !is_on_replica_;
    return true;
  }
  is_primary_wanted_ = env_.view->primary == node;
  waiting_ = Waiting::lease;
  if (!since_.waiting) since_.waiting = now_;
  out_->push(WantLease{node});
  return false;
}

void SessionCore::handle(const LeaseGranted& event) {
  if (waiting_ != Waiting::lease || backend_ != nullptr || is_closed_) {
    out_->push(ReturnLease{event.backend, event.backend->is_reusable() ? LeaseEnd::clean : LeaseEnd::close});
    return;
  }
  HOWDAH_ASSERT(event.backend->is_reusable());
  if (!is_starting_ && is_primary_wanted_ && env_.view->primary != event.backend->node()) {
    // A switchover has begun meanwhile: nothing new begins there.
    out_->push(ReturnLease{event.backend, LeaseEnd::clean});
    waiting_ = Waiting::nothing;
    return;
  }
  backend_ = event.backend;
  backend_->ledger.end_draining();
  note_assigned();
  waiting_ = Waiting::nothing;
  since_.waiting.reset();
  since_.retry_at.reset();
  is_fresh_lease_ = true;
  is_on_replica_ = env_.view->primary != backend_->node();
  look_for_sequences();
  if (is_starting_) return start_check();
  if (!has_wrong_settings()) reconcile_parameters();
}

void SessionCore::return_backend(LeaseEnd end) {
  flush_run();
  if (const PinReasons left = std::exchange(left_behind_, {}); end == LeaseEnd::clean) end = way_back(left);
  if (end != LeaseEnd::close && !backend_->is_reusable()) end = LeaseEnd::close;
  settings_.settling = 0;
  out_->push(ReturnLease{std::exchange(backend_, nullptr), end});
  is_fresh_lease_ = sequences_.may_be_asked = false;
}

// How a server connection must go back on which this is left of its client.
LeaseEnd SessionCore::way_back(PinReasons left) const {
  if (left.is_empty()) return LeaseEnd::clean;
  return without(left, options_.server_reset_query.undone).is_empty() ? LeaseEnd::reset : LeaseEnd::close;
}

// False: input_.pending_error says why not.
bool SessionCore::may_wait_for_node(ErrorCode code) {
  if (options_.primary_wait_timeout == Duration{}) {
    input_.pending_error = Error{.code = code,
                                 .message = "no server can run this statement now",
                                 .hint = "With primary_wait_timeout = 0 statements do not wait for one."};
  } else if (!place_.take(*env_.waiting_room, options_.primary_wait_max_clients)) {
    input_.pending_error = Error{
        .code = ErrorCode::too_many_waiting,
        .message = "no server can run this statement now, and too many clients wait for one already",
        .hint = fmt::format("primary_wait_max_clients allows {}.", options_.primary_wait_max_clients)};
  } else {
    return true;
  }
  since_.waiting.reset();
  return false;
}

void SessionCore::wait_for_node(ErrorCode code) {
  if (!may_wait_for_node(code)) return;
  waiting_ = Waiting::node;
  wait_error_ = code;
  if (!since_.waiting) since_.waiting = now_;
  if (rerun_.avoided_node) since_.retry_at = now_ + kRetryInterval;
  else if (rerun_.refusal && is_next_primary_awaited(*rerun_.refusal, *env_.view, now_))
    since_.retry_at = rerun_.refusal->since + kDownAfterWord;
  // A transaction that has not begun keeps nothing; a connection to a node that is no longer primary is no use.
  if (backend_ != nullptr && pins_.is_empty() && !is_batch_open_ && backend_->is_reusable()) park_backend();
}

// A client that rests must not keep its server connection for what has come to be known.
void SessionCore::handle(const ViewChanged&) {
  if (catalog_.is_pin_unproven && !is_closed_) prove_pins();
  rerun_.avoided_node.reset();
  if (waiting_ != Waiting::node) return;
  waiting_ = Waiting::nothing;
  since_.retry_at.reset();
  if (is_starting_) start();
}

void SessionCore::handle(const LeaseRefused& event) {
  if (waiting_ != Waiting::lease || is_closed_) return;
  waiting_ = Waiting::nothing;
  const bool is_refused_by_words = !event.server_error.empty();
  const std::string_view sqlstate =
      is_refused_by_words ? wire::ErrorView(as_bytes(event.server_error)).sqlstate() : std::string_view{};
  const bool is_full = sqlstate == "53300";
  const bool is_passing = sqlstate.starts_with("57P") || (is_full && event.node != env_.view->primary);
  // A standby may not have the role, its password or the database yet.
  const bool is_behind =
      !is_starting_ && event.node != env_.view->primary && (sqlstate == "3D000" || sqlstate.starts_with("28"));
  if (is_refused_by_words && !is_passing && !is_behind) {
    since_.waiting.reset();
    if (is_starting_ || !is_full) return refuse_start(as_bytes(event.server_error));
    input_.pending_error = full_error(event);
    return;
  }
  const bool is_node_lost = event.error.code == ErrorCode::backend_connection_lost || event.error.code == ErrorCode::no_node;
  if (is_node_lost || is_passing || is_behind) {
    // The node is down, or will be found to be; until then reads go elsewhere and the rest waits.
    rerun_.avoided_node = event.node;
    if (!since_.waiting) since_.waiting = now_;
    const bool may_wait = options_.primary_wait_timeout != Duration{};
    if (may_wait && event.node == env_.view->primary) {
      wait_for_node(ErrorCode::no_primary);
      if (is_starting_ && waiting_ == Waiting::nothing) refuse_to_wait();
    } else if (is_starting_) {
      start();
    } else if (!may_wait) {
      input_.pending_error = event.error;
    }
    return;
  }
  since_.waiting.reset();
  if (is_starting_) return close_with(event.error, CloseReason::login_refused);
  input_.pending_error = event.error;
}

bool SessionCore::may_leave_backend() const {
  return requests_.empty() && !is_batch_open_ && waiting_ != Waiting::local && pins_.is_empty() && !answer_.is_draining &&
         !sequences_.may_be_asked && backend_->is_reusable();
}

// At the end of every on().
void SessionCore::settle() {
  if (is_closed_ || (waiting_ != Waiting::node && waiting_ != Waiting::lease)) place_.leave();
  if (is_closed_) return;
  if (is_shutting_down_ && requests_.empty() && !is_batch_open_ && !is_in_transaction() && !is_starting_) {
    close_with(Error{ErrorCode::shutting_down, "terminating connection because the gateway is shutting down"},
               CloseReason::shutting_down);
    return;
  }
  if (backend_ != nullptr && options_.pool_mode != PoolMode::session && !is_starting_ && may_leave_backend())
    return_backend(LeaseEnd::clean);
  flush_run();
  touch_clocks();
  set_state(derive_state());
}

}  // namespace howdah
