// Server to client. Rows are not looked at one by one: a run of complete messages is one range. Everything else passes
// the reply ledger, which says whose answer it is. While a read may still be run again elsewhere, the first messages of
// its answer (everything before a row) are withheld, so that the client never sees the attempt that failed.
#include "gateway/session/closed_primary.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"

namespace howdah {

using namespace session;
using wire::ServerTag;

namespace {

constexpr std::uint32_t kHeldWhole = 8 * 1024;      // a cut message up to this size waits for its end
constexpr std::uint32_t kHeldText = 1024 * 1024;    // errors and the like, which must be read
constexpr std::size_t kMostWithheld = 64 * 1024;    // of a longer answer the client gets the beginning at once

bool is_held(char tag, std::uint32_t length) {
  const wire::MessageType* type = wire::find_message_type(wire::Sender::server, tag);
  if (type->hold == wire::Hold::whole) return true;
  return length <= (type->hold == wire::Hold::whole_if_small ? kHeldText : kHeldWhole);
}

// What may precede a row and can be told again by another server.
bool is_prologue(char tag) {
  switch (static_cast<ServerTag>(tag)) {
    case ServerTag::parse_complete:
    case ServerTag::bind_complete:
    case ServerTag::close_complete:
    case ServerTag::parameter_description:
    case ServerTag::row_description:
    case ServerTag::no_data:
    case ServerTag::notice: return true;
    default: return false;
  }
}

// While the client has seen nothing of an answer, another can take its place.
bool may_withhold(const Answer& answer, const Request& request, char tag, std::size_t size) {
  if (request.has_forwarded || answer.withheld.size() + answer.withheld_run.size() + size > kMostWithheld) return false;
  if (!request.is_wrapped) {
    // Of BEGIN ... COMMIT, whose statements a server may refuse.
    const bool is_word = tag == static_cast<char>(ServerTag::command_complete) && request.is_write_apart && request.has_transaction_control;
    const bool is_kept = request.is_rerunnable || request.may_replan || request.is_write_apart;
    return (is_prologue(tag) || is_word) && is_kept && (request.is_complete || request.is_at_hand);
  }
  const bool must_go = tag == static_cast<char>(ServerTag::ready) || tag == static_cast<char>(ServerTag::error) ||
                       tag == static_cast<char>(ServerTag::copy_in_response);
  return !must_go;
}

// What comes next answers a Query of ours.
bool is_answer_to(const Owed* front, Injected what) {
  return front != nullptr && front->audience == Audience::nobody && front->kind == AnswerKind::query &&
         front->tag == static_cast<std::uint64_t>(what);
}

// A warning that the server goes down: the connection that is lost with it is not the client's.
bool is_about_server(Bytes notice) {
  const auto warning = wire::parse_error_response(notice);
  return warning && warning->sqlstate().starts_with("57P0");
}

}  // namespace

void SessionCore::relay(Bytes chunk) {
  wire::Piece piece;
  while (backend_ != nullptr && !is_closed_) {
    if (relay_rows(chunk)) continue;
    const wire::Scan scan = backend_->scanner.next(chunk, piece);
    if (scan == wire::Scan::need_more) break;
    if (scan == wire::Scan::broken) return lose_backend(NodeFailure::misbehaved, false);
    relay_piece(piece);
    if (must_abandon_replay()) return abandon_replay(std::nullopt);
  }
}

bool SessionCore::relay_rows(Bytes& chunk) {
  const Owed* front = backend_->ledger.front();
  if (front == nullptr || (front->kind != AnswerKind::query && front->kind != AnswerKind::execute)) return false;
  std::uint64_t count = 0;
  const Bytes rows = backend_->scanner.take_run(chunk, ServerTag::data_row, count);
  if (rows.empty()) return false;
  if (front->audience == Audience::nobody) note_own_row(rows);
  if (front->audience == Audience::client && !requests_.is_in_put_back()) emit_answer('D', rows);
  return true;
}

// An answer to a question of ours.
void SessionCore::note_own_row(Bytes row) {
  if (is_answer_to(backend_->ledger.front(), Injected::xid)) note_xid(row);
  if (is_answer_to(backend_->ledger.front(), Injected::state)) note_state(row);
}

void SessionCore::relay_piece(const wire::Piece& piece) {
  if (piece.is_whole() && piece.carried.empty()) return relay_message(piece.tag, piece.bytes, piece.body());
  if (is_held(piece.tag, piece.length)) {
    const auto whole = backend_->assembler.add(piece);
    if (!whole) return;
    build_.clear();
    wire::append_header(build_, piece.tag, piece.body_length());
    build_.append(whole->body.data(), whole->body.size());
    const Bytes message = scratch_.keep(as_bytes(build_));
    return relay_message(piece.tag, message, message.subspan(wire::kHeaderSize));
  }
  if (piece.is_first) relay_start_of_stream(piece);
  if (backend_ == nullptr) return;
  const bool is_forwarded = backend_->stream_fate == Fate::forward;
  if (is_forwarded) {
    emit_answer(piece.tag, scratch_.keep(piece.carried));
    emit_answer(piece.tag, piece.bytes);
  }
  const bool is_shown = is_forwarded && (!is_replaying() || !replay_->log.is_repeating());
  answer_.is_mid_message = is_shown && !piece.is_last;
  if (piece.is_last) take_locals();
}

void SessionCore::relay_start_of_stream(const wire::Piece& piece) {
  const Fate fate = backend_->ledger.accept(piece.tag);
  const bool is_notification = piece.tag == static_cast<char>(ServerTag::notification);
  const bool is_error = piece.tag == static_cast<char>(ServerTag::error);  // too long to be one
  if (fate == Fate::broken || is_error || (fate == Fate::aside && !is_notification))
    return lose_backend(NodeFailure::misbehaved, false);
  backend_->stream_fate = is_notification ? Fate::forward : fate;
  if (backend_->stream_fate != Fate::forward || requests_.empty()) return;
  requests_.front().is_rerunnable = false;
  if (!requests_.front().is_wrapped) return;
  release_withheld();
  requests_.front().has_forwarded = true;
}

void SessionCore::relay_message(char tag, Bytes message, Bytes body) {
  switch (static_cast<ServerTag>(tag)) {
    case ServerTag::notice:
    case ServerTag::notification:
    case ServerTag::parameter_status: return relay_aside(tag, message, body);
    case ServerTag::error: return relay_error(message, body);
    default: return relay_answer(tag, message, body);
  }
}

void SessionCore::relay_answer(char tag, Bytes message, Bytes body) {
  const bool is_ready = tag == static_cast<char>(ServerTag::ready);
  ReplyLedger& ledger = backend_->ledger;
  if (tag == static_cast<char>(ServerTag::data_row) && ledger.front() != nullptr &&
      ledger.front()->audience == Audience::nobody)
    note_own_row(message);
  const Fate fate = ledger.accept(tag, is_ready && !body.empty() ? body[0] : '\0');
  if (fate == Fate::broken) return lose_backend(NodeFailure::misbehaved, false);
  // A BEGIN that could not be seen coming: in a string of several, in a batch.
  if (is_ready && fate == Fate::forward && options_.pool_mode == PoolMode::statement && ledger.status() != TransactionStatus::idle)
    return close_with(statement_mode_error(), CloseReason::protocol_violation);
  if (tag == static_cast<char>(ServerTag::parse_complete)) note_accepted(*ledger.ended());
  if (tag == static_cast<char>(ServerTag::command_complete) && ledger.ended() != nullptr) apply_change(*ledger.ended());
  if (tag == static_cast<char>(ServerTag::copy_in_response)) on_voided_syncs();
  if (tag == static_cast<char>(ServerTag::parse_complete)) {
    ++traffic_.server_parses;
    if (fate == Fate::forward) ++traffic_.client_parses;
  }
  if (fate == Fate::forward && transaction_.is_commit_refused && !is_ready) return take_locals();
  if (fate == Fate::forward && !is_ready && requests_.is_in_put_back()) return note_put_back(tag);
  if (fate == Fate::swallow && ledger.ended() != nullptr && settings_.has_steps_in_flight) note_done(tag, body);
  if (fate == Fate::forward) {
    if (tag == static_cast<char>(ServerTag::command_complete)) note_complete(), on_command_complete();
    if (settings_.has_steps_in_flight) note_done(tag, body);
    // A RESET that changed nothing on the server may have changed what the client has.
    if (is_ready && settings_.has_steps_in_flight && settings_.of_startup.size() != 0) reconcile_parameters();
    const bool is_end = tag == static_cast<char>(ServerTag::command_complete) && requests_.front().is_simple && requests_.front().is_one_statement;
    if (hold_wrapped(tag, message)) {
      if (is_ready && !transaction_.is_xid_asked) return end_wrapped(message);  // a COPY that has failed
      if (is_ready) return take_locals();
    } else if (!is_ready || !requests_.front().is_followed) {
      emit_answer(tag, message);
      requests_.front().is_end_told |= is_end;
    }
    if (env_.statistics.is_on()) count_answer(tag, body);
  }
  if (tag == static_cast<char>(ServerTag::portal_suspended)) {
    give_up_replay(ReplayObstacle::cursor);
    transaction_.read_only_begin.clear();
  }
  if (is_ready && fate == Fate::forward && !log_end_of_request()) return;
  if (is_ready) {
    const auto injected = static_cast<Injected>(ledger.ended()->tag);
    if (fate == Fate::forward) {
      if (ledger.ended()->kind == AnswerKind::query && !requests_.front().has_error) apply_change(*ledger.ended());
      finish_request();
    } else if (injected == Injected::settings && !answer_.is_draining && --settings_.settling == 0) {
      if (is_starting_) return finish_start();
      for (Request& request : requests_) request.is_behind_settings = false;
      reconcile_parameters();
    } else if (!requests_.empty() && requests_.front().is_wrapped && !answer_.is_draining) {
      if (injected == Injected::xid) return end_wrapped(message);
      if (injected == Injected::commit) return finish_wrapped(message);
    }
  }
  take_locals();
}

void SessionCore::relay_error(Bytes message, Bytes body) {
  const auto error = wire::parse_error_response(body);
  if (!error) return lose_backend(NodeFailure::misbehaved, false);
  env_.tally.count_error(backend_->node(), error->severity());
  ReplyLedger& ledger = backend_->ledger;
  if (error->ends_connection()) {
    const Owed* asked = ledger.front();
    if (error->sqlstate() == "08P01" && !is_starting_ && asked != nullptr && asked->audience == Audience::client) {
      release_withheld();  // the client's bytes make no sense to the server, which says so better than we could
      to_client(message);
      return leave(CloseReason::protocol_violation);
    }
    const bool is_shutdown = error->sqlstate().starts_with("57P0");
    if (!is_shutdown && error->sqlstate() != "40001") give_up_replay(ReplayObstacle::ended_by_server);
    const auto evidence = is_shutdown ? std::optional(NodeFailure::shut_down) : std::nullopt;
    if (tie(pins_) && !is_starting_ && !answer_.is_draining) return end_as_server_tells(message, evidence);
    note_word(error->sqlstate());
    return lose_backend(evidence, false);
  }
  if (is_starting_) return refuse_start(body);
  const Owed* front = ledger.front();
  if (front == nullptr) return lose_backend(NodeFailure::misbehaved, false);
  const bool is_injected = front->kind == AnswerKind::query && front->audience == Audience::nobody;
  if (is_injected && !answer_.is_draining && is_answer_to(front, Injected::state)) {  // what ties the session is not told, and so it stays
    ledger.accept('E');
    return;
  }
  if (is_injected && !answer_.is_draining && is_answer_to(front, Injected::xid)) {
    ledger.accept('E');
    return on_xid_refused(message, error->sqlstate());
  }
  if (is_injected && !answer_.is_draining) {
    if (static_cast<Injected>(front->tag) == Injected::settings) return on_settings_refused(*error);
    if (static_cast<Injected>(front->tag) == Injected::commit) return fail_wrapped(message);
    // The client's statement is already behind it and would run outside its transaction.
    env_.log.warn("injected statement failed s={} sqlstate={}", identity_.id.value, error->sqlstate());
    return lose_backend(std::nullopt, false);
  }
  if (escape_old_plan(*error)) return;
  if (should_rerun(error->sqlstate())) return rerun_after_error(error->sqlstate());
  if (should_replay(error->sqlstate())) {
    if (!is_on_replica_) note_refusal(rerun_, backend_->node(), env_.view->epoch, now_);
    return lose_backend(std::nullopt, false);
  }

  const Fate fate = ledger.accept('E');
  const std::size_t told = fate == Fate::forward ? answer_up_to_execute() : 0;
  for (std::size_t i = ledger.dropped().size(); i-- > told;) undo(ledger.dropped()[i]);
  if (const Owed* failed = ledger.ended()) {
    undo_failed(*failed, error->sqlstate());
    message = with_client_name(message, *failed);
    if (failed->kind != AnswerKind::local && !failed->text.empty()) message = scratch_.keep(as_bytes(failed->text));
  }
  const bool is_own_name = ledger.front() != nullptr && ledger.front()->audience == Audience::nobody &&
                           ledger.front()->tag == static_cast<std::uint64_t>(Injected::own_name);
  if (fate == Fate::swallow && !answer_.is_draining && !is_own_name) prepared_.told_instead.assign(message.data(), message.size());
  // A second cancel has met the COMMIT itself, and of the first the client has been told.
  const bool is_told = fate == Fate::forward && std::exchange(transaction_.is_commit_refused, false);
  if (fate == Fate::forward && !is_told) {
    if (!requests_.empty() && !requests_.front().put_back.empty()) message = with_own_position(message, *error);
    const bool is_told_instead = !prepared_.told_instead.empty();
    if (is_told_instead) message = scratch_.keep(as_bytes(std::exchange(prepared_.told_instead, {})));
    emit_answer('E', message);
    if (is_told_instead) reconcile_parameters();  // a transaction that has failed at what was put in is undone all the same
    if (const Owed* failed = ledger.ended(); failed != nullptr && failed->statement != 0) count_ended(*failed, true);
    if (!requests_.empty()) note_error(requests_.front(), *error);
  }
  if (std::exchange(input_.is_sync_held, false) && is_batch_open_) sync_batch();
  take_locals();
}

void SessionCore::note_error(Request& request, const wire::ErrorView& error) {
  request.has_error = true;
  drop_what_follows(request);
  // An error that points into the client's text (manual "Error and Notice Message Fields") was found before anything ran.
  request.has_run_nothing = request.is_one_statement && !error.field(wire::ErrorField::position).empty();
  // A text nobody could read, the server neither: it did nothing, so nothing ties the session to this connection.
  if (request.is_newly_opaque && error.sqlstate() == "42601") pins_.clear();
}

void SessionCore::relay_aside(char tag, Bytes message, Bytes body) {
  if (tag == static_cast<char>(ServerTag::parameter_status)) return on_parameter_status(message, body);
  const Owed* front = backend_->ledger.front();
  const bool is_ours = front != nullptr && front->audience == Audience::nobody;
  if (tag == static_cast<char>(ServerTag::notification)) return to_client(with_own_pid(message));
  if (is_ours || is_starting_ || is_about_server(body)) return;
  if (front == nullptr || requests_.empty()) return to_client(front == nullptr ? message : shown(message));
  // What changes rows has begun to run: it will not be sent again, and what it tells is told at once.
  if (!requests_.front().is_rerunnable) requests_.front().may_replan = requests_.front().is_write_apart = false;
  emit_answer(tag, message);
}

// A client knows its own NOTIFY by the process number it was given when it logged in, which is the gateway's.
Bytes SessionCore::with_own_pid(Bytes message) {
  const auto notification = wire::parse_notification(message.subspan(wire::kHeaderSize));
  if (!notification || notification->pid != backend_->cancel_key.pid) return message;
  build_.clear();
  wire::append_notification(build_, {identity_.cancel_key.pid, notification->channel, notification->payload});
  return scratch_.keep(as_bytes(build_));
}

// A part of an answer to the request in front.
void SessionCore::emit_answer(char tag, Bytes message) {
  if (message.empty()) return;
  if (!requests_.empty()) {
    Request& request = requests_.front();
    if (may_withhold(answer_, request, tag, message.size())) {
      if (!answer_.withheld_run.empty() && answer_.withheld_run.data() + answer_.withheld_run.size() != message.data())
        keep_withheld();
      answer_.withheld_run = answer_.withheld_run.empty()
                                 ? message
                                 : Bytes{answer_.withheld_run.data(), answer_.withheld_run.size() + message.size()};
      return;
    }
    request.has_forwarded = true;
  }
  release_withheld();
  to_client(shown(message));
}

void SessionCore::release_withheld() {
  if (!answer_.withheld.empty()) {
    to_client_copy(shown(answer_.withheld));
    answer_.withheld.clear();
  }
  to_client(shown(std::exchange(answer_.withheld_run, Bytes{})));
}

// The chunk is about to be gone.
void SessionCore::keep_withheld() {
  answer_.withheld.insert(answer_.withheld.end(), answer_.withheld_run.begin(), answer_.withheld_run.end());
  answer_.withheld_run = {};
}

void SessionCore::drop_withheld() {
  answer_.withheld.clear();
  answer_.withheld_run = {};
}

void SessionCore::take_locals() {
  Owed local;
  while (backend_ != nullptr && backend_->ledger.take_local(local)) {
    if (local.audience == Audience::client) emit_answer(local.text[0], scratch_.keep(as_bytes(local.text)));
  }
}

// The server is in COPY FROM STDIN and ignores the Sync that was sent behind the Execute: the batch is not over.
void SessionCore::on_voided_syncs() {
  for (const Owed& owed : backend_->ledger.dropped()) {
    if (owed.audience != Audience::client) continue;
    if (requests_.size() > 1) {
      requests_.merge_second_into_front();
    } else if (!requests_.empty()) {
      requests_.front().is_complete = false;
      is_batch_open_ = true;
    }
  }
}

void SessionCore::finish_request() {
  const Request request = std::move(requests_.front());
  requests_.pop_front();
  rerun_.retained.drop(request.retained);
  prepared_.told_instead.clear();
  if (requests_.empty()) {
    rerun_.retained.clear();
    prepared_.closed.clear();
    prepared_.replaced_unnamed.clear();
    settings_.executed.clear();
    prepared_.has_unsettled_names = settings_.has_steps_in_flight = false;
  }
  transaction_.sent_begin.clear();
  if (transaction_.told_status != TransactionStatus::idle || request.has_transaction_control)
    written_.in_transaction |= transaction_.has_written;
  const TransactionStatus before = std::exchange(transaction_.told_status, backend_->ledger.status());
  if (!is_replaying()) note_answered(transaction_.told_status);
  rerun_.retry_count = rerun_.loss_count = 0;
  rerun_.is_primary_forced = false;
  rerun_.avoided_node.reset();
  rerun_.refusal.reset();
  since_.busy.reset();
  if (request.has_steps || settings_.journal.is_open()) settle_journal(request);
  if (backend_->ledger.status() == TransactionStatus::idle) {
    if (request.may_write || transaction_.has_written) note_write();
    prepared_.changing_portals.clear();
    if (requests_.empty()) prepared_.preparing.clear();
    on_transaction_end();
  } else if (request.control == TransactionControl::commit_and_chain) {
    chain_transaction(false);
  }
  settle_pins(request, before);
}

}  // namespace howdah
