// Simple Query: one string, one ReadyForQuery.
#include <algorithm>

#include "gateway/session/replay_obstacle.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/writes_apart.hpp"

namespace howdah {

using namespace session;

namespace {

// For a text that is too long to be looked at: nothing is known about it.
const TraitsPtr& unread_traits() {
  static const TraitsPtr traits = [] {
    Traits unread;
    unread.parse = ParseOutcome::too_long;
    unread.verdict.reason = RouteReason::too_long;
    unread.has_transaction_control = true;
    unread.pins.add(PinReason::opaque);
    unread.catalog_change = CatalogChange::adds;
    return std::make_shared<const Traits>(std::move(unread));
  }();
  return traits;
}

// Of a whole Query.
std::string_view sql_of(Bytes message) {
  const std::string_view body = as_text(message.subspan(wire::kHeaderSize));
  return body.substr(0, body.size() - 1);
}

}  // namespace

std::size_t SessionCore::consume_query(Bytes input, Head head) {
  if (const auto taken = close_batch_before(input, head)) return *taken;
  if (input_.pending_error) return fail_pending(input, head);
  const bool is_whole = head.total <= options_.max_parse_size + wire::kHeaderSize + 1;
  if (is_whole && input.size() < head.total) return 0;
  if (!is_whole) {
    if (transaction_.is_failed) {
      to_client_error(failed_error());
      to_client_ready();
      return start_stream(input, head, 0, true);
    }
    if (owes() && needs_clean_sequences(*unread_traits())) return 0;
    if (const auto taken = divert_from_replica(*unread_traits(), input, head)) return *taken;
    if (admit(*unread_traits()) == Go::wait) return 0;
    if (!make_names_for_query(*unread_traits())) return 0;
    send_query({}, unread_traits(), false, {.kind = AnswerKind::query});
    const std::string_view start =
        as_text(input.first(std::min(input.size(), head.total - 1)).subspan(wire::kHeaderSize));  // the rest passes by
    note_asked(start);
    note_sent(StatementKind::unknown, start);
    return start_stream(input, head, 0, false);
  }
  const Bytes message = input.first(head.total);
  const auto query = wire::parse_query(message.subspan(wire::kHeaderSize));
  if (!query) {
    close_with(query.error(), CloseReason::protocol_violation);
    return 0;
  }
  const TraitsPtr traits = traits_of(query->sql);
  const std::size_t taken = answer_query(message, traits, query->sql);
  if (taken == 0) return 0;
  drop_unnamed();
  note_asked(query->sql.substr(0, traits->is_gateway_command() ? traits->gateway.rest_begin : query->sql.npos));
  return taken;
}

std::size_t SessionCore::answer_query(Bytes message, const TraitsPtr& traits, std::string_view sql) {
  if (transaction_.is_failed) {
    if (const auto tag = end_failed(traits->transaction); tag) {
      build_.clear();
      wire::append_command_complete(build_, *tag);
      to_client_copy(as_bytes(build_));
    } else {
      to_client_error(tag.error());
    }
    to_client_ready();
    return message.size();
  }
  if (is_local(*traits)) return owes() || !answer_local_query(traits, sql) ? 0 : message.size();
  const bool is_alone = !owes() && !is_batch_open_ && !is_replaying();
  if (is_alone && answer_transaction_control(*traits, sql)) return message.size();
  if (const std::size_t end = way_out_of_failure(*traits, sql); end != 0) return leave_failure_first(message, sql, end);
  const TraitsPtr run = traits_in_force(traits);
  if (owes() && (looks_at_names(*traits) || needs_clean_sequences(*run))) return 0;
  if (must_learn_xid(*run) || must_wait_to_wrap(is_write_apart(*run), run->ends_with_commit)) return 0;
  if (const auto taken = divert_from_replica(*run, message, Head{message[0], message.size()})) return *taken;
  transaction_.is_statement_open_ended = false;
  if (admit(*run) == Go::wait) {
    if (!input_.pending_error || waiting_ != Waiting::nothing) return 0;
    return fail_pending(message, Head{message[0], message.size()});
  }
  if (must_free_database(*run, sql)) return 0;
  const bool is_about_names = looks_at_names(*traits);
  if (is_about_names && !make_names_for_query(*traits)) return 0;
  Owed owed = counted({.kind = AnswerKind::query}, env_.statistics.find(traits, sql));
  if (is_about_names) expect_change(*traits, sql, owed);
  send_query(message, run, true, std::move(owed));
  requests_.back().is_barrier |= is_about_names;
  note_sent(traits->kind, sql);
  note_login_changes(catalog_, *traits, sql);
  return message.size();
}

void SessionCore::send_query(Bytes message, const TraitsPtr& traits, bool is_whole, Owed owed) {
  const bool is_outside =
      !transaction_.deferred_begin.empty() || (is_transaction_movable() && !transaction_.movable_begin.empty()) ||
      (client_status() == TransactionStatus::idle && requests_.is_status_certain());
  const Traits* const statement = traits.get();
  const bool ends_open = wraps_end(traits->ends_with_commit, traits->verdict.may_write || traits->notifies);
  const bool may_be_wrapped = is_whole && (ends_open || wraps(is_write_apart(*traits)));
  std::string changed = may_be_wrapped ? until_commit(*traits, sql_of(message)) : std::string{};
  const bool brings_commit = !changed.empty();
  const bool is_wrapped = may_be_wrapped && (brings_commit || !traits->has_transaction_control);
  open_log({&statement, 1}, is_wrapped && !ends_open);
  if (is_batch_open_) give_up_replay(ReplayObstacle::open_batch);
  if (needs_clean_sequences(*traits)) discard_sequences();
  send_deferred_begin();
  if (is_wrapped && !brings_commit) inject_query("BEGIN", Injected::begin);
  ask_xid_with(*traits);
  Request request{.is_complete = true, .is_simple = true, .is_wrapped = is_wrapped, .brings_commit = brings_commit,
                  .is_barrier = is_wrapped};
  request.is_rerunnable = is_whole && is_outside && may_read_again(*traits);
  request.control = traits->transaction;
  request.is_write_apart = is_whole && is_outside && is_write_apart(*traits);
  request.is_second_phase = is_whole && is_second_phase(traits->transaction);
  request.is_one_statement = traits->statement_count == 1;
  request.is_newly_opaque = traits->parse != ParseOutcome::parsed && pins_.is_empty();
  request.is_behind_settings = settings_.settling > 0;
  if (is_whole && !brings_commit) changed = with_resets_put_right(sql_of(message), *traits, request);
  push_request(std::move(request));
  note_statement(*traits);
  if (requests_.back().has_steps) requests_.back().steps_of = traits;
  if (changed.empty()) {
    to_server(message);
  } else {
    build_.clear();
    wire::append_query(build_, changed);
    to_server_copy(as_bytes(build_));
  }
  backend_->ledger.owe(std::move(owed));
  backend_->unnamed_serial = 0;
  drop_unnamed();
  if (is_whole) retain(message);
  if (is_wrapped && traits->copy == CopyDirection::none) ask_xid();
}

}  // namespace howdah
