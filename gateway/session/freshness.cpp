// What the session must see, and what others must: its acknowledged writes are noted here, for its own reads and, on
// the board, for everybody's. Also the client's settings about it: howdah.read_consistency, howdah.min_lsn, howdah.lsn.
#include "sql_router/freshness.hpp"

#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

// A write was acknowledged to us, or may have been made; the client will know at once. The clock is asked anew: the
// time of this turn may lie before the commit, and a position of the monitor's in between.
void SessionCore::note_write() {
  written_.by_session = true;
  written_.at = env_.clock ? env_.clock() : now_;
  written_.bound.reset();
  if (env_.writes != nullptr) env_.writes->publish(env_.writer, *written_.at);
}

// A statement has succeeded: where it may be a COMMIT within a request, the client hears of it before the request ends.
void SessionCore::note_complete() {
  if (requests_.empty() || !requests_.front().has_transaction_control) return;
  if (requests_.front().may_write || transaction_.has_written) note_write();
}

ReadConsistency SessionCore::consistency() const {
  return settings_.own.read_consistency.value_or(routing().read_consistency);
}

void SessionCore::add_freshness(const Traits& traits, SessionFacts& known) const {
  known.wrote_at = written_.at;
  known.read_bound = written_.bound;
  known.read_consistency = settings_.own.read_consistency;
  known.min_lsn = settings_.own.min_lsn;
  known.written_objects = &written_.objects;
  if (traits.read_consistency.value_or(consistency()) != ReadConsistency::global || env_.writes == nullptr) return;
  known.anyone_wrote_at = env_.writes->newest();
  if (env_.global_bound.wrote_at == known.anyone_wrote_at) known.global_bound = env_.global_bound.position;
}

void SessionCore::remember_freshness(const SessionFacts& known, const Decision& decision) {
  if (decision.read_bound) written_.bound = decision.read_bound;
  if (decision.global_bound) env_.global_bound = {known.anyone_wrote_at, *decision.global_bound};
}

// ... than what was asked for when the replica in use was chosen. What `global` asks for grows by the moment.
bool SessionCore::asks_for_more(const Traits& traits) const {
  const FreshnessDemand wanted = demand_of(traits, facts(traits), routing());
  return wanted.consistency == ReadConsistency::global || wanted.is_more_than(written_.admitted);
}

// Behind reads on a replica that are not answered yet, without asking where else it might run: it may not ask for more
// than they did, and with dml_adaptive the others may have asked for nothing.
bool SessionCore::may_follow_on_replica(const Traits& traits) const {
  const ReadConsistency wanted = traits.read_consistency.value_or(consistency());
  if (asks_for_more(traits)) return false;
  const bool is_adaptive = routing().disable_load_balance_on_write == WriteEffect::dml_adaptive;
  return wanted == ReadConsistency::eventual || !is_adaptive || !written_.at || !written_.objects.concern(traits);
}

// For dml_adaptive: a statement that may write is about to be sent.
void SessionCore::note_written_objects(const Traits& traits) {
  const RoutingOptions& options = routing();
  if (options.disable_load_balance_on_write != WriteEffect::dml_adaptive) {
    written_.objects.is_everything = true;  // should a reload bring the mode, what was written is not known
    return;
  }
  const auto is_everywhere = [this] {
    return std::all_of(env_.view->nodes.begin(), env_.view->nodes.end(), [this](const NodeView& node) {
      return env_.view->primary == node.id || has_replayed(*env_.view, node, *written_.bound);
    });
  };
  if (!transaction_.has_written && written_.bound && is_everywhere()) written_.objects.clear();
  written_.objects.add(traits, options.dml_adaptive_object_relationship_list);
}

// A position that holds everything acknowledged to this session; nothing if the monitor has to ask the primary first.
std::optional<Lsn> SessionCore::own_position() {
  const auto& sample = env_.view->primary_sample;
  if (!written_.at) {
    if (!sample) return std::nullopt;
    return std::max(sample->flushed, settings_.own.min_lsn.value_or(Lsn{}));
  }
  if (!written_.bound) written_.bound = bound_from(*env_.view, *written_.at);
  if (!written_.bound) return std::nullopt;
  return std::max(*written_.bound, settings_.own.min_lsn.value_or(Lsn{}));
}

// Nothing: the position is being asked for.
std::optional<Result<TextTable>> SessionCore::answer_own_setting(const GatewayCommand& command) {
  const auto shown = [&](std::string value) {
    return Result<TextTable>(
        TextTable{.columns = {std::string(kSessionSettingPrefix) + command.name}, .rows = {{std::move(value)}}});
  };
  const auto done = [](const Result<void>& result, const char* tag) {
    return result ? Result<TextTable>(TextTable{.command_tag = tag}) : Result<TextTable>(result.error());
  };
  switch (command.kind) {
    case GatewayCommandKind::own_set:
      if (command.is_local) {
        if (client_status() == TransactionStatus::idle) return done({}, "SET");  // as PostgreSQL: it is over at once
        if (!settings_.outer_own) settings_.outer_own = settings_.own;
      }
      return done(set_session_setting(settings_.own, command.name, command.value), "SET");
    case GatewayCommandKind::own_reset:
      return done(reset_session_setting(settings_.own, command.name, identity_.own_settings), "RESET");
    default: break;
  }
  if (command.name != "lsn") {
    auto value = show_session_setting(settings_.own, command.name, consistency());
    return value ? shown(std::move(*value)) : Result<TextTable>(value.error());
  }
  if (const auto position = own_position()) return shown(to_text(*position));
  out_->push(WantPosition{});
  wait_for_node(ErrorCode::no_primary);
  if (input_.pending_error) return Result<TextTable>(*std::exchange(input_.pending_error, std::nullopt));
  return std::nullopt;
}

}  // namespace howdah
