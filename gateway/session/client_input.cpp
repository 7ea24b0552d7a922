// What the client sent, message by message, for as long as nothing has to be waited for. Each consume_*() returns how
// many bytes it is done with; 0 means that more bytes or an event must come first.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

using wire::ClientTag;

namespace {

constexpr std::size_t kMaxRetained = 64 * 1024;  // a longer request is not kept for running it again

}  // namespace

void SessionCore::advance() {
  bool is_moving = true;
  while (is_moving && !is_closed_) {
    if (must_abandon_replay()) abandon_replay(std::nullopt);
    if (answer_.is_draining && (backend_ == nullptr || backend_->ledger.is_empty())) finish_drain();
    is_moving = false;
    tell_in_place();
    if (!input_.next_rest.empty()) input_.rest.append(as_bytes(std::exchange(input_.next_rest, {})));
    ByteQueue& source = input_.rest.empty() ? input_.held : input_.rest;
    if (source.empty()) break;
    const std::size_t used = consume(&source == &input_.held ? before_told(source.view()) : source.view());
    source.drop(used);
    if (&source == &input_.held) rerun_.left -= std::min(rerun_.left, used);
    is_moving = used > 0 || must_abandon_replay();
  }
  input_.held.shrink();
  rerun_.retained.shrink();
}

bool SessionCore::can_consume() const {
  return waiting_ == Waiting::nothing && !answer_.is_draining && !is_starting_ && !is_closed_;
}

std::size_t SessionCore::consume(Bytes input) {
  std::size_t used = 0;
  while (used < input.size() && can_consume()) {
    const std::size_t count = consume_one(input.subspan(used));
    if (count == 0) break;
    used += count;
    if (!input_.next_rest.empty()) break;
  }
  return is_closed_ ? input.size() : used;
}

std::size_t SessionCore::consume_one(Bytes input) {
  if (input_.stream_left > 0) return pass_stream(input);
  const std::optional<Head> head = head_of(input);
  if (!head) return 0;
  const auto tag = static_cast<ClientTag>(head->tag);
  if (tag == ClientTag::terminate) {
    leave(CloseReason::client_terminated);
    return input.size();
  }
  if (input_.is_discarding) return discard_one(input, *head);
  switch (tag) {
    case ClientTag::copy_data:
    case ClientTag::copy_done:
    case ClientTag::copy_fail: return consume_copy(input, *head);
    case ClientTag::password:
      violate("unexpected password message");
      return 0;
    default: break;
  }
  if (owes() && backend_->ledger.is_in_copy_in()) {
    if (tag != ClientTag::sync && tag != ClientTag::flush) {
      violate(fmt::format("unexpected {} message during COPY from stdin", wire::type_of(tag).name));
      return 0;
    }
    input_.is_sync_held |= tag == ClientTag::sync;
    return head->total;
  }
  if (tag == ClientTag::query) return consume_query(input, *head);
  if (tag == ClientTag::function_call) return consume_function_call(input, *head);
  return consume_extended(input, *head);
}

std::optional<Head> SessionCore::head_of(Bytes input) {
  const wire::MessageType* type = wire::find_message_type(wire::Sender::client, input[0]);
  if (type == nullptr) {
    violate(fmt::format("invalid frontend message type {}", static_cast<unsigned char>(input[0])));
    return std::nullopt;
  }
  if (input.size() < wire::kHeaderSize) return std::nullopt;
  const std::uint32_t length = load_u32(input.data() + 1);
  if (length < wire::kEmptyBody || length > type->max_length) {
    violate(fmt::format("invalid length of {} message", type->name));
    return std::nullopt;
  }
  return Head{input[0], std::size_t{length} + 1};
}

std::size_t SessionCore::pass_stream(Bytes input) {
  const std::size_t count = std::min(input_.stream_left, input.size());
  if (!input_.is_stream_discarded) to_server(input.first(count));
  input_.stream_left -= count;
  return count;
}

// Takes what is there of a message, `taken` of which has been dealt with; the rest passes as it comes.
std::size_t SessionCore::start_stream(Bytes input, Head head, std::size_t taken, bool is_discarded) {
  const std::size_t here = std::min(head.total, input.size());
  if (!is_discarded) to_server(input.subspan(taken, here - taken));
  input_.stream_left = head.total - here;
  input_.is_stream_discarded = is_discarded;
  return here;
}

// After an error in a batch everything up to Sync is ignored (manual "Extended Query").
std::size_t SessionCore::discard_one(Bytes input, Head head) {
  if (static_cast<ClientTag>(head.tag) != ClientTag::sync) return start_stream(input, head, 0, true);
  if (owes()) return 0;  // answers of what came before the error go first
  input_.is_discarding = false;
  if (is_batch_open_ && backend_ != nullptr) return forward_sync(input.first(head.total));
  is_batch_open_ = false;
  local_.is_batch_open = false;
  to_client_ready();
  return head.total;
}

std::size_t SessionCore::consume_copy(Bytes input, Head head) {
  // Outside COPY such messages are left over from one that has failed; PostgreSQL ignores them too.
  if (!owes()) return start_stream(input, head, 0, true);
  input_.is_sync_held = false;
  if (!requests_.empty()) {
    for (Request& request : requests_) request.cannot_run_again();
  }
  if (static_cast<ClientTag>(head.tag) == ClientTag::copy_data) return start_stream(input, head, 0, false);
  if (input.size() < head.total) return 0;
  to_server(input.first(head.total));
  backend_->ledger.owe({.kind = AnswerKind::copy_end});
  const bool is_wrapped = !requests_.empty() && requests_.front().is_wrapped && !requests_.front().has_error;
  if (is_wrapped && !transaction_.is_xid_asked) ask_xid();
  return head.total;
}

// The function is known by number only: it may do anything.
std::size_t SessionCore::consume_function_call(Bytes input, Head head) {
  static const TraitsPtr kUnknown = [] {
    Traits traits;
    traits.verdict.reason = RouteReason::primary_only;
    traits.statement_count = 1;
    traits.pins.add(PinReason::opaque);
    return std::make_shared<const Traits>(std::move(traits));
  }();
  if (const auto taken = close_batch_before(input, head)) return *taken;
  if (input_.pending_error) return fail_pending(input, head);
  if (transaction_.is_failed) {
    to_client_error(failed_error());
    to_client_ready();
    return start_stream(input, head, 0, true);
  }
  if (owes() && needs_clean_sequences(*kUnknown)) return 0;
  if (const auto taken = divert_from_replica(*kUnknown, input, head)) return *taken;
  if (admit(*kUnknown) == Go::wait) return 0;
  if (!make_names_for_query(*kUnknown)) return 0;
  if (needs_clean_sequences(*kUnknown)) discard_sequences();
  send_deferred_begin();
  push_request({.is_complete = true, .is_barrier = true});
  note_statement(*kUnknown);
  backend_->ledger.owe({.kind = AnswerKind::function_call});
  return start_stream(input, head, 0, false);
}

// Keeps the bytes of the newest request, or gives up keeping it.
void SessionCore::retain(Bytes bytes) {
  if (replay_ != nullptr) replay_->log.keep(bytes);
  Request& request = requests_.back();
  if (!request.is_rerunnable && !request.is_behind_settings && !request.is_second_phase && !request.may_replan &&
      !request.is_write_apart)
    return;
  if (rerun_.retained.size() + bytes.size() > kMaxRetained) {
    request.cannot_run_again();
    request.is_second_phase = false;
    return;
  }
  rerun_.retained.append(bytes);
  request.retained += bytes.size();
}

void SessionCore::violate(std::string_view what) {
  close_with(Error{ErrorCode::protocol_violation, std::string(what)}, CloseReason::protocol_violation);
}

}  // namespace howdah
