#include "gateway/session/backend.hpp"

#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"

namespace howdah {

std::string Backend::begin_reset(const ResetQuery& reset) {
  std::string message;
  wire::append_query(message, reset.sql);
  ledger.owe({.kind = AnswerKind::query, .audience = Audience::nobody});
  applied = settings_after(applied, reset.steps, nullptr);
  if (reset.drops_statements) {
    prepared.clear();
    names.clear();
  }
  unnamed_serial = 0;
  return message;
}

std::string Backend::begin_check(std::string_view check_query) {
  std::string message;
  wire::append_query(message, check_query);
  ledger.owe({.kind = AnswerKind::query, .audience = Audience::nobody});
  return message;
}

BackendHealth Backend::absorb(Bytes bytes) {
  wire::Piece piece;
  while (true) {
    const wire::Scan scan = scanner.next(bytes, piece);
    if (scan == wire::Scan::broken) return BackendHealth::broken;
    if (scan == wire::Scan::need_more) break;
    const wire::MessageType* type = wire::find_message_type(wire::Sender::server, piece.tag);
    if (type == nullptr) return BackendHealth::broken;
    const bool is_needed_whole = piece.tag == 'S' || piece.tag == 'Z';
    if (!is_needed_whole && !piece.is_first) continue;
    std::optional<wire::Message> message;
    if (is_needed_whole && !(message = assembler.add(piece))) continue;
    if (!absorb_message(piece.tag, message ? message->body : Bytes{})) return BackendHealth::broken;
  }
  return is_reusable() ? BackendHealth::settled : BackendHealth::owing;
}

// An error means that a reset failed, or that the server is going away; a notification, that somebody's LISTEN is left.
bool Backend::absorb_message(char tag, Bytes body) {
  if (tag == 'E' || tag == 'A') return false;
  if (tag == 'S') {
    const auto parameter = wire::parse_parameter_status(body);
    if (!parameter) return false;
    reported.set(parameter->name, parameter->value);
  }
  return ledger.accept(tag, tag == 'Z' && !body.empty() ? body[0] : '\0') != Fate::broken;
}

}  // namespace howdah
