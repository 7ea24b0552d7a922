// Extended batches: collected until it is known what they need, then forwarded message by message, with the names of
// prepared statements changed and what the server connection lacks put in front.
#include <algorithm>

#include "base/assert.hpp"
#include "gateway/session/replay_obstacle.hpp"
#include "gateway/session/session_core.hpp"
#include "gateway/session/writes_apart.hpp"
#include "gateway/wire/body.hpp"

namespace howdah {

using namespace session;

using wire::ClientTag;

namespace {

constexpr std::size_t kMaxHeldBind = 16 * 1024;  // of a longer Bind only the names are waited for

// A batch with commands of ours in it cannot be run again unseen: it goes where nothing in it can be refused.
const Traits& mixed_batch_traits() {
  static const Traits traits = [] {
    Traits mixed;
    mixed.verdict.may_write = false;
    mixed.verdict.reason = RouteReason::primary_only;
    return mixed;
  }();
  return traits;
}

// A Parse too long to be kept: its statement stays on the connection where it is made.
const TraitsPtr& large_parse_traits() {
  static const TraitsPtr traits = [] {
    Traits unread;
    unread.parse = ParseOutcome::too_long;
    unread.verdict.reason = RouteReason::too_long;
    unread.has_transaction_control = true;
    unread.pins.add(PinReason::opaque);
    return std::make_shared<const Traits>(std::move(unread));
  }();
  return traits;
}

// Of a batch without a statement.
const Traits& nothing_said_traits() {
  static const Traits traits = [] {
    Traits nothing;
    nothing.verdict = {.may_use_replica = true, .may_write = false, .reason = RouteReason::read};
    return nothing;
  }();
  return traits;
}

bool only_reads(const std::vector<const Traits*>& batch) {
  return std::all_of(batch.begin(), batch.end(), [](const Traits* traits) { return may_read_again(*traits); });
}

// A statement that is parsed and bound stands there twice.
bool is_one_statement(const std::vector<const Traits*>& batch) {
  return !batch.empty() &&
         std::all_of(batch.begin(), batch.end(), [&](const Traits* traits) { return traits == batch.front(); });
}

}  // namespace

std::size_t SessionCore::consume_extended(Bytes input, Head head) {
  if (local_.is_batch_open) return consume_local(input, head);
  if (!is_batch_open_) {
    if (!scan_batch(input)) return 0;
    if (open_batch(input) == Go::wait) return 0;
    if (input_.is_discarding) return discard_one(input, head);
    if (local_.is_batch_open) return consume_local(input, head);
  } else if (input_.pending_error) {
    fail_batch(*std::exchange(input_.pending_error, std::nullopt));
    return discard_one(input, head);
  } else if (backend_ == nullptr && admit(*scan_.held.front(), false, false) == Go::wait) {
    return 0;  // the part up to a Flush ran on a replica; the rest needs the primary
  }
  const bool is_commit_next = requests_.back().brings_commit && !requests_.back().is_commit_sent && scan_.until_last == 0;
  if (is_commit_next && !learn_xid_in_batch()) return 0;
  if (input_.is_discarding) return discard_one(input, head);
  if (backend_->ledger.is_skipping()) {
    input_.is_discarding = true;
    return discard_one(input, head);
  }
  const bool may_be_local = scan_.has_local_part || requests_.back().is_beyond_scan;
  if (may_be_local && is_local_message(input, head)) return consume_local_in_batch(input, head);
  answer_.is_flush_sent = false;
  const std::size_t used = forward_extended(input, head);
  scan_.until_last -= std::min(scan_.until_last, used);
  return used;
}

// Nothing of the batch has been sent. Afterwards it is open at a server, open here, or being discarded.
SessionCore::Go SessionCore::open_batch(Bytes input) {
  const bool is_prepared_later = is_time_to_prepare_later();
  if (input_.pending_error) {
    if (owes() || is_replaying()) return Go::wait;
    const Error error = *std::exchange(input_.pending_error, std::nullopt);
    if (is_in_transaction() && !transaction_.is_failed) fail_transaction(error);
    fail_batch(error);
    return Go::now;
  }
  const bool is_for_nobody = scan_.has_local_part || (backend_ == nullptr && !is_replaying());
  if (transaction_.is_failed || (!scan_.has_server_part && is_for_nobody)) {
    if (owes()) return Go::wait;
    local_.is_batch_open = !scan_.has_server_part;
    if (scan_.has_server_part) fail_batch(failed_error());
    return Go::now;
  }
  if (is_prepared_later) {
    local_.is_batch_open = true;
    return Go::now;
  }
  if (owes() && batch_needs_clean_sequences()) return Go::wait;
  transaction_.is_statement_open_ended = !scan_.is_ended || scan_.leaves_portal;
  const Traits& strictest = scan_.has_local_part     ? mixed_batch_traits()
                            : scan_.traits.empty() ? nothing_said_traits()
                                                   : combine(scan_.traits, routing(), consistency(), written_.objects);
  const bool is_whole = scan_.is_ended && !scan_.is_oversized && !scan_.has_local_part;
  const bool may_follow = is_whole &&
                          std::all_of(scan_.traits.begin(), scan_.traits.end(),
                                      [](const Traits* traits) { return may_follow_settings(*traits); });
  const bool is_one = is_whole && is_one_statement(scan_.traits);
  const bool is_end = is_whole && ends_with_commit(scan_);
  if ((is_one && must_learn_xid(strictest)) || must_wait_to_wrap(is_whole && is_write_apart(scan_), is_end)) return Go::wait;
  if (admit(strictest, may_follow, is_one && sets_only_modes(strictest)) == Go::wait) {
    prepared_.later_at = prepare_later_time();
    if (!input_.pending_error || waiting_ != Waiting::nothing) return Go::wait;
    return open_batch(input);
  }
  if (is_one && !scan_.parsed.empty() &&
      must_free_database(*scan_.traits.front(), scan_.parsed.front().sql))
    return Go::wait;
  const bool is_outside =
      !transaction_.deferred_begin.empty() || (is_transaction_movable() && !transaction_.movable_begin.empty()) ||
      (client_status() == TransactionStatus::idle && requests_.is_status_certain());
  if (!is_on_replica_ || client_status() != TransactionStatus::idle || !requests_.is_status_certain()) scan_.begin.clear();
  const bool ends_open = wraps_end(is_end, may_write(scan_));
  const bool is_wrapped = ends_open || wraps(is_whole && is_write_apart(scan_));
  const bool brings_commit = is_wrapped && (ends_open || is_whole_transaction(scan_));
  open_log(scan_.traits, is_wrapped && !ends_open);
  if (batch_needs_clean_sequences()) discard_sequences();
  if (requests_.empty()) make_names_for_batch();
  send_deferred_begin();
  if (is_wrapped && !brings_commit) inject_query("BEGIN", Injected::begin);
  if (is_one) ask_xid_with(*scan_.traits.front());
  is_batch_open_ = true;
  answer_.is_flush_sent = false;
  Request request{.is_at_hand = is_whole, .is_beyond_scan = scan_.is_oversized, .is_one_statement = is_one};
  request.is_rerunnable = is_outside && !scan_.is_oversized && !scan_.traits.empty() && only_reads(scan_.traits);
  request.may_replan = is_outside && is_whole && scan_.binds_named;
  request.is_write_apart = is_outside && is_whole && is_write_apart(scan_);
  request.is_wrapped = request.is_barrier = is_wrapped;
  request.brings_commit = brings_commit;
  request.is_behind_settings = settings_.settling > 0;
  request.control = is_one ? scan_.traits.front()->transaction : TransactionControl::none;
  request.is_second_phase = is_second_phase(request.control);
  requests_.push(std::move(request));
  note_batch();
  return Go::now;
}

// The newest request, as far as it has been scanned.
void SessionCore::note_batch() {
  for (const Traits* traits : scan_.run) {
    if (traits->statement_count <= 1) note_statement(*traits);  // the server takes no text of several statements here
    if (transaction_.is_read_only && !scan_.begin.empty()) transaction_.read_only_begin = std::exchange(scan_.begin, {});
  }
  scan_.parsed.clear();  // the names are views of the input
}

// A Query or FunctionCall ends the batch before it without a Sync, in the same implicit transaction and with the same
// ReadyForQuery. What is owed to the batch comes first. A value: the message is not to be sent now.
std::optional<std::size_t> SessionCore::close_batch_before(Bytes input, Head head) {
  local_.is_batch_open = false;
  if (!is_batch_open_ || backend_ == nullptr) return std::nullopt;
  if (backend_->ledger.is_skipping() && requests_.back().has_query_names) {  // they could not, as the client has been told
    if (static_cast<ClientTag>(head.tag) == ClientTag::query) drop_unnamed();
    sync_batch();
    return start_stream(input, head, 0, true);
  }
  if (backend_->ledger.is_skipping()) {
    input_.is_discarding = true;
    return discard_one(input, head);
  }
  if (!owes()) return std::nullopt;
  bring_answers();
  return 0;
}

// A Query or FunctionCall is about to be sent.
void SessionCore::push_request(Request request) {
  if (!std::exchange(is_batch_open_, false)) return requests_.push(std::move(request));
  Request& open = requests_.back();
  open.is_complete = true;
  open.cannot_run_again();
  open.is_barrier |= request.is_barrier;
  open.control = TransactionControl::none;
}

void SessionCore::fail_batch(const Error& error) {
  to_client_error(error);
  input_.is_discarding = true;
  is_batch_open_ = false;
  if (!requests_.empty() && !requests_.back().is_complete) drop_open_request();
}

// Its error has been told, and its ReadyForQuery will be ours. Nothing is owed, so it is the only one.
void SessionCore::drop_open_request() {
  requests_.pop_back();
  HOWDAH_ASSERT(requests_.empty());
  settings_.executed.clear();
  rerun_.retained.clear();
}

std::size_t SessionCore::forward_extended(Bytes input, Head head) {
  const auto tag = static_cast<ClientTag>(head.tag);
  if (tag == ClientTag::parse) return forward_parse(input, head);
  if (tag == ClientTag::bind) return forward_bind(input, head);
  if (input.size() < head.total) return 0;
  const Bytes message = input.first(head.total);
  switch (tag) {
    case ClientTag::describe:
    case ClientTag::close: return forward_target(message, head);
    case ClientTag::execute: {
      const auto execute = wire::parse_execute(message.subspan(wire::kHeaderSize));
      if (!execute) return close_with(execute.error(), CloseReason::protocol_violation), 0;
      retain(message);
      to_server(message);
      Owed owed = counted(owed_for_execute(execute->portal), statement_of_portal(execute->portal));
      requests_.back().note_executed(execute->portal, is_on_replica_);
      const std::uint64_t executed = owed.name.empty() ? owed.tag : 0;
      backend_->ledger.owe(std::move(owed));
      if (executed != 0) put_back_in_batch(executed);
      return head.total;
    }
    case ClientTag::flush:
      retain(message);
      to_server(message);
      requests_.back().is_beyond_scan = true;
      return head.total;
    case ClientTag::sync: return forward_sync(message);
    default: return 0;
  }
}

std::size_t SessionCore::forward_parse(Bytes input, Head head) {
  const bool is_large = head.total > options_.max_parse_size + wire::kHeaderSize;
  if (is_large) return forward_large_parse(input, head);
  if (input.size() < head.total) return 0;
  const Bytes message = input.first(head.total);
  const auto parse = wire::parse_parse(message.subspan(wire::kHeaderSize));
  if (!parse) return close_with(parse.error(), CloseReason::protocol_violation), 0;
  const TraitsPtr traits = traits_of(parse->sql);
  PreparedStatementPtr statement;
  const bool is_left_to_server = pins_.has(PinReason::prepared);
  if (!parse->statement.empty() && !is_left_to_server) {
    statement = intern(parse->sql, parse->types, traits);
    if (is_in_doubt(parse->statement, statement->number)) return 0;
    // A failed transaction refuses it, and what is answered here cannot know yet.
    const bool may_fail_before = requests_.size() > 1 && (client_status() != TransactionStatus::idle || !requests_.is_status_certain());
    if (may_fail_before && backend_->prepared.touch(statement->number)) return 0;
  }
  if (requests_.back().may_leave_replica()) {
    if (leave_replica_for(*traits_in_force(traits))) return 0;
    scan_.parsed.clear();  // its names were views of bytes that are gone
  }
  // The server looks up what an EXECUTE answers while it parses it.
  if (traits->kind == StatementKind::execute && !make_names_in_batch(*traits)) return 0;
  retain(message);
  prepared_.has_unsettled_names = true;
  if (parse->statement.empty()) {
    replace_unnamed();
    prepared_.unnamed.sql.assign(parse->sql);
    prepared_.unnamed.types.assign(as_text(parse->types));
    prepared_.unnamed.traits = traits;
    backend_->unnamed_serial = prepared_.unnamed.serial;
    to_server(message);
    backend_->ledger.owe({.kind = AnswerKind::parse, .tag = kUnnamedTag | prepared_.unnamed.serial});
    return head.total;
  }
  if (is_left_to_server) {
    to_server(message);
    backend_->ledger.owe({.kind = AnswerKind::parse});
    return head.total;
  }
  log_name(parse->statement);
  const auto [place, is_new] = prepared_.statements.try_emplace(std::string(parse->statement), statement);
  if (!is_new && rerun_.left == 0) {
    refuse_second_parse(*statement, *parse);
    return head.total;
  }
  place->second = statement;
  parse_under_our_name(place->first, *statement, *parse);
  return head.total;
}

void SessionCore::parse_under_our_name(const std::string& client_name, const PreparedStatement& statement,
                                       const wire::Parse& parse) {
  const bool is_known = backend_->prepared.touch(statement.number);
  // In a failed transaction the server refuses it before it looks at the name, which stays what it is.
  const bool is_refused = is_known && is_failed_here() && statement.traits->transaction == TransactionControl::none;
  if (is_known && !is_refused) {
    build_.clear();
    wire::append_bodiless(build_, wire::ServerTag::parse_complete);
    backend_->ledger.owe({AnswerKind::local, Audience::client, statement.number, build_, client_name});
    return take_locals();
  }
  if (!is_known) make_room();
  build_.clear();
  wire::append_parse_as(build_, statement.name, parse.sql, parse.types);
  to_server_copy(as_bytes(build_));
  if (!is_known) backend_->prepared.add(statement.number);
  backend_->ledger.owe({AnswerKind::parse, Audience::client, is_refused ? 0 : statement.number, {}, client_name});
}

// What the statement named says may use names. False: answers must come first.
bool SessionCore::make_names_in_batch(std::string_view statement) {
  const TraitsPtr traits = traits_of_statement(statement);
  return traits == nullptr || make_names_in_batch(*traits);
}

bool SessionCore::make_names_in_batch(const Traits& traits) {
  if (!looks_at_names(traits) || traits.statement_count > 1) return true;  // the server takes no several statements here
  if (requests_.size() > 1) return false;
  requests_.back().is_barrier = true;
  if (!is_failed_here()) make_names(traits, false);
  return true;
}

// Too long to be kept: it stays where it is made, under the client's own name, and the session with it.
std::size_t SessionCore::forward_large_parse(Bytes input, Head head) {
  const std::string_view name = wire::BodyReader(input.subspan(wire::kHeaderSize)).take_cstring();
  if (!name.empty() && is_in_doubt(name)) return 0;
  if (!name.empty() && requests_.size() > 1) return 0;
  if (leave_replica_for(*large_parse_traits())) return 0;
  if (!name.empty()) leave_names_to_server();
  note_statement(*large_parse_traits());
  requests_.back().cannot_run_again();
  prepared_.has_unsettled_names = true;
  Owed owed{.kind = AnswerKind::parse};
  if (name.empty()) {
    prepared_.unnamed.serial = backend_->unnamed_serial = ++env_.unnamed_serials;
    prepared_.unnamed.traits = large_parse_traits();
    prepared_.unnamed.sql.clear();
    owed.tag = kUnnamedTag | prepared_.unnamed.serial;
  }
  backend_->ledger.owe(std::move(owed));
  return start_stream(input, head, 0, false);
}

std::size_t SessionCore::forward_bind(Bytes input, Head head) {
  const bool is_whole = input.size() >= head.total;
  const Bytes body = input.subspan(wire::kHeaderSize, std::min(head.total, input.size()) - wire::kHeaderSize);
  const auto parsed = wire::parse_bind_head(body, is_whole);
  if (!parsed) return close_with(parsed.error(), CloseReason::protocol_violation), 0;
  const bool is_large = head.total > kMaxHeldBind;
  if (!is_whole && !is_large) return 0;
  if (!*parsed) {
    if (body.size() > kMaxHeldBind) violate("names in a Bind message are too long");
    return 0;
  }
  const wire::BindHead& bind = **parsed;
  if (is_in_doubt(bind.statement)) return 0;
  const bool is_controlled = requests_.back().has_transaction_control;
  if (requests_.back().is_beyond_scan || is_controlled) {
    if (const TraitsPtr traits = traits_of_statement(bind.statement)) {
      if (requests_.back().may_leave_replica() && leave_replica_for(*traits_in_force(traits))) return 0;
      if (requests_.back().is_beyond_scan) {
        if (refuse_behind_flush(*traits_in_force(traits))) return start_stream(input, head, 0, true);
        note_statement(*traits_in_force(traits));
      }
      requests_.back().note_control_bound(bind.portal, *traits);
    }
  }
  if (!make_names_in_batch(bind.statement)) return 0;
  if (is_whole) {
    retain(input.first(head.total));
  } else {
    requests_.back().cannot_run_again();
    give_up_replay(ReplayObstacle::too_long);
  }
  if (!local_.portals.empty()) forget_local_portal(bind.portal);
  if (!bind.portal.empty()) transaction_.read_only_begin.clear();  // it may be run again
  note_bound(bind.statement, bind.portal);
  note_changing_portal(bind.portal, bind.statement);
  if (requests_.back().has_steps || !settings_.portals.empty())
    note_portal(bind.portal, bind.statement, is_whole ? body.subspan(bind.rest) : Bytes{});
  Owed owed = counted({.kind = AnswerKind::bind}, statement_of_portal(bind.portal));
  const std::string_view name = server_name(bind.statement, owed);
  const std::size_t taken = wire::kHeaderSize + bind.rest;
  if (name == bind.statement) {
    backend_->ledger.owe(std::move(owed));
    return start_stream(input, head, 0, false);
  }
  build_.clear();
  wire::append_bind_head(build_, bind.portal, name, static_cast<std::uint32_t>(head.total - taken));
  to_server_copy(as_bytes(build_));
  backend_->ledger.owe(std::move(owed));
  return start_stream(input, head, taken, false);
}

std::size_t SessionCore::forward_target(Bytes message, Head head) {
  const auto target = wire::parse_target(message.subspan(wire::kHeaderSize));
  if (!target) return close_with(target.error(), CloseReason::protocol_violation), 0;
  if (target->target == wire::Target::statement && is_in_doubt(target->name)) return 0;
  if (target->target == wire::Target::statement && !make_names_in_batch(target->name)) return 0;
  retain(message);
  if (static_cast<ClientTag>(head.tag) == ClientTag::close) return forward_close(message, *target);
  Owed owed{.kind = AnswerKind::describe};
  if (target->target == wire::Target::portal) {
    owed.tag = kPortalTag;
    to_server(message);
  } else {
    build_.clear();
    const std::string_view name = server_name(target->name, owed);
    build_.clear();
    wire::append_describe(build_, wire::Target::statement, name);
    to_server_copy(as_bytes(build_));
  }
  backend_->ledger.owe(std::move(owed));
  return head.total;
}

std::size_t SessionCore::forward_close(Bytes message, const wire::TargetName& target) {
  const bool is_statement = target.target == wire::Target::statement;
  const auto found = is_statement ? prepared_.statements.find(target.name) : prepared_.statements.end();
  if (found == prepared_.statements.end() && !(is_statement && looks_like_catalog_name(target.name))) {
    if (is_statement && target.name.empty()) {
      drop_unnamed();
      backend_->unnamed_serial = 0;
    }
    to_server(message);
    backend_->ledger.owe({.kind = AnswerKind::close});
    return message.size();
  }
  build_.clear();
  wire::append_bodiless(build_, wire::ServerTag::close_complete);
  if (found == prepared_.statements.end()) {
    // A name like ours that the client does not have: closing nothing succeeds, but must not close ours.
    backend_->ledger.owe({.kind = AnswerKind::local, .text = build_});
  } else {
    prepared_.has_unsettled_names = true;
    log_name(target.name);
    backend_->ledger.owe({AnswerKind::local, Audience::client, found->second->number, build_, found->first});
    prepared_.closed.push_back(std::move(found->second));
    prepared_.statements.erase(found);
  }
  take_locals();
  return message.size();
}

// In the client's place.
void SessionCore::sync_batch() {
  build_.clear();
  wire::append_sync(build_);
  forward_sync(scratch_.keep(as_bytes(build_)));
}

std::size_t SessionCore::forward_sync(Bytes message) {
  local_.portals.clear();
  if (!counted_.portals.empty() && !is_in_transaction()) counted_.portals.clear();
  retain(message);
  to_server(message);
  backend_->ledger.owe({.kind = AnswerKind::sync});
  if (requests_.back().is_wrapped && !requests_.back().brings_commit) ask_xid();
  requests_.back().is_complete = true;
  is_batch_open_ = false;
  return message.size();
}

}  // namespace howdah
