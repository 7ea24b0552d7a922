// Fuzzes the wire codec: the first byte chooses the reader, the rest is what a peer sends, cut in two places as well.
#include "gateway/wire/frame.hpp"
#include "gateway/wire/messages.hpp"
#include "gateway/wire/startup.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace howdah;
using namespace howdah::wire;

namespace {

void read_client_body(const Message& message) {
  switch (message.client_tag()) {
    case ClientTag::query:
      (void)parse_query(message.body);
      break;
    case ClientTag::parse:
      (void)parse_parse(message.body);
      break;
    case ClientTag::bind:
      if (const auto head = parse_bind_head(message.body, true); head && *head)
        (void)find_parameter(message.body.subspan((*head)->rest), 3);
      break;
    case ClientTag::describe:
    case ClientTag::close:
      (void)parse_target(message.body);
      break;
    case ClientTag::execute:
      (void)parse_execute(message.body);
      break;
    case ClientTag::copy_fail:
      (void)parse_copy_fail(message.body);
      break;
    case ClientTag::function_call:
      (void)parse_function_call_id(message.body);
      break;
    case ClientTag::password:
      (void)parse_password(message.body);
      (void)parse_sasl_initial_response(message.body);
      break;
    default:
      break;
  }
}

void read_server_body(const Message& message) {
  switch (message.server_tag()) {
    case ServerTag::authentication:
      if (const auto found = parse_authentication(message.body)) (void)parse_sasl_mechanisms(found->rest);
      break;
    case ServerTag::backend_key:
      (void)parse_backend_key(message.body);
      break;
    case ServerTag::parameter_status:
      (void)parse_parameter_status(message.body);
      break;
    case ServerTag::ready:
      (void)parse_ready(message.body);
      break;
    case ServerTag::command_complete:
      (void)parse_command_complete(message.body);
      break;
    case ServerTag::negotiate_version:
      (void)parse_negotiate_version(message.body);
      break;
    case ServerTag::notification:
      (void)parse_notification(message.body);
      break;
    case ServerTag::row_description:
      (void)parse_row_description_names(message.body);
      break;
    case ServerTag::parameter_description:
      (void)parse_parameter_description(message.body);
      break;
    case ServerTag::data_row:
      (void)parse_data_row(message.body);
      break;
    case ServerTag::copy_in_response:
    case ServerTag::copy_out_response:
    case ServerTag::copy_both_response:
      (void)parse_copy_response(message.body);
      break;
    case ServerTag::error:
    case ServerTag::notice:
      if (const auto view = parse_error_response(message.body)) (void)view->ends_connection();
      break;
    default:
      break;
  }
}

// Returns how many bytes were in complete messages, so that two cuts of the same stream can be compared.
std::size_t scan(Sender sender, Bytes stream, std::size_t chunk_size) {
  FrameScanner scanner(sender);
  Assembler assembler;
  std::size_t complete = 0;
  for (std::size_t at = 0; at < stream.size(); at += chunk_size) {
    Bytes chunk = stream.subspan(at, std::min(chunk_size, stream.size() - at));
    Piece piece;
    while (scanner.next(chunk, piece) == Scan::piece) {
      const auto message = assembler.add(piece);
      if (!message) continue;
      complete += message->body.size() + kHeaderSize;
      sender == Sender::client ? read_client_body(*message) : read_server_body(*message);
    }
  }
  return complete;
}

void read_startup(Bytes input) {
  StartupReader reader({.has_tls = true});
  while (!input.empty()) {
    const StartupAction action = reader.step(input);
    if (std::holds_alternative<StartTls>(action) || std::holds_alternative<DirectTls>(action)) return;
    if (std::holds_alternative<StartupPending>(action) || std::holds_alternative<Answer>(action)) continue;
    return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 2) {
    read_startup(input);
    return 0;
  }
  const Sender sender = data[0] % 3 == 0 ? Sender::client : Sender::server;
  if (scan(sender, input, std::max<std::size_t>(1, input.size())) != scan(sender, input, 3)) std::abort();
  return 0;
}
