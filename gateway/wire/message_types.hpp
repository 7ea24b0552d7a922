// Every typed message of the PostgreSQL protocol (manual "55.7 Message Formats"): its tag, who sends it, its name in
// logs, how long it may be, and how much of it somebody must see at once. A new message is one row here and one
// enumerator. The same byte means different things in the two directions ('D' is Describe or DataRow), so every
// question names the sender. Pure tables, read on the hot path by every worker.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace howdah::wire {

enum class Sender : std::uint8_t { client, server };

enum class ClientTag : char {
  bind = 'B',
  close = 'C',
  copy_data = 'd',
  copy_done = 'c',
  copy_fail = 'f',
  describe = 'D',
  execute = 'E',
  flush = 'H',
  function_call = 'F',
  parse = 'P',
  password = 'p',  // also SASLInitialResponse, SASLResponse, GSSResponse: the exchange tells which
  query = 'Q',
  sync = 'S',
  terminate = 'X',
};

enum class ServerTag : char {
  authentication = 'R',
  backend_key = 'K',
  bind_complete = '2',
  close_complete = '3',
  command_complete = 'C',
  copy_both_response = 'W',
  copy_data = 'd',
  copy_done = 'c',
  copy_in_response = 'G',
  copy_out_response = 'H',
  data_row = 'D',
  empty_query = 'I',
  error = 'E',
  function_result = 'V',
  negotiate_version = 'v',
  no_data = 'n',
  notice = 'N',
  notification = 'A',
  parameter_description = 't',
  parameter_status = 'S',
  parse_complete = '1',
  portal_suspended = 's',
  ready = 'Z',
  row_description = 'T',
};

// How much of a message its reader needs together before it can act.
enum class Hold : std::uint8_t {
  nothing,         // the header is enough, the body passes through: rows, COPY
  head,            // the names at the front, then the body passes through: Bind
  whole_if_small,  // its text is looked at when it is of ordinary size; a huge one passes through unread
  whole,           // always, its limit is small
};

// Longest values of the length word, which counts itself and the body but not the tag.
inline constexpr std::uint32_t kEmptyBody = 4;             // only the length word
inline constexpr std::uint32_t kOneByteBody = 5;           // ReadyForQuery
inline constexpr std::uint32_t kSmallLimit = 10000;        // what PostgreSQL takes for short client messages
inline constexpr std::uint32_t kShortAnswerLimit = 30000;  // what libpq takes for answers that carry no rows or texts
inline constexpr std::uint32_t kLoginLimit = 65535;        // what PostgreSQL takes for one answer to a login request
inline constexpr std::uint32_t kLargeLimit = 0x3fffffff;   // PostgreSQL's largest allocation

struct MessageType {
  char tag;
  Sender sender;
  std::string_view name;
  std::uint32_t max_length;
  Hold hold;
};

inline constexpr std::array kMessageTypes{
    MessageType{'B', Sender::client, "Bind", kLargeLimit, Hold::head},
    MessageType{'C', Sender::client, "Close", kSmallLimit, Hold::whole},
    MessageType{'d', Sender::client, "CopyData", kLargeLimit, Hold::nothing},
    MessageType{'c', Sender::client, "CopyDone", kSmallLimit, Hold::nothing},
    MessageType{'f', Sender::client, "CopyFail", kSmallLimit, Hold::nothing},
    MessageType{'D', Sender::client, "Describe", kSmallLimit, Hold::whole},
    MessageType{'E', Sender::client, "Execute", kSmallLimit, Hold::whole},
    MessageType{'H', Sender::client, "Flush", kEmptyBody, Hold::whole},
    MessageType{'F', Sender::client, "FunctionCall", kLargeLimit, Hold::nothing},
    MessageType{'P', Sender::client, "Parse", kLargeLimit, Hold::whole_if_small},
    MessageType{'p', Sender::client, "PasswordMessage", kLoginLimit, Hold::whole},
    MessageType{'Q', Sender::client, "Query", kLargeLimit, Hold::whole_if_small},
    MessageType{'S', Sender::client, "Sync", kEmptyBody, Hold::whole},
    MessageType{'X', Sender::client, "Terminate", kEmptyBody, Hold::whole},

    MessageType{'R', Sender::server, "Authentication", kShortAnswerLimit, Hold::whole},
    MessageType{'K', Sender::server, "BackendKeyData", kShortAnswerLimit, Hold::whole},
    MessageType{'2', Sender::server, "BindComplete", kEmptyBody, Hold::whole},
    MessageType{'3', Sender::server, "CloseComplete", kEmptyBody, Hold::whole},
    MessageType{'C', Sender::server, "CommandComplete", kShortAnswerLimit, Hold::whole},
    MessageType{'W', Sender::server, "CopyBothResponse", kShortAnswerLimit, Hold::nothing},
    MessageType{'d', Sender::server, "CopyData", kLargeLimit, Hold::nothing},
    MessageType{'c', Sender::server, "CopyDone", kEmptyBody, Hold::nothing},
    MessageType{'G', Sender::server, "CopyInResponse", kShortAnswerLimit, Hold::nothing},
    MessageType{'H', Sender::server, "CopyOutResponse", kShortAnswerLimit, Hold::nothing},
    MessageType{'D', Sender::server, "DataRow", kLargeLimit, Hold::nothing},
    MessageType{'I', Sender::server, "EmptyQueryResponse", kEmptyBody, Hold::whole},
    MessageType{'E', Sender::server, "ErrorResponse", kLargeLimit, Hold::whole_if_small},
    MessageType{'V', Sender::server, "FunctionCallResponse", kLargeLimit, Hold::nothing},
    MessageType{'v', Sender::server, "NegotiateProtocolVersion", kShortAnswerLimit, Hold::whole},
    MessageType{'n', Sender::server, "NoData", kEmptyBody, Hold::whole},
    MessageType{'N', Sender::server, "NoticeResponse", kLargeLimit, Hold::whole_if_small},
    MessageType{'A', Sender::server, "NotificationResponse", kLargeLimit, Hold::nothing},
    MessageType{'t', Sender::server, "ParameterDescription", kLargeLimit, Hold::nothing},
    MessageType{'S', Sender::server, "ParameterStatus", kLargeLimit, Hold::whole_if_small},
    MessageType{'1', Sender::server, "ParseComplete", kEmptyBody, Hold::whole},
    MessageType{'s', Sender::server, "PortalSuspended", kEmptyBody, Hold::whole},
    MessageType{'Z', Sender::server, "ReadyForQuery", kOneByteBody, Hold::whole},
    MessageType{'T', Sender::server, "RowDescription", kLargeLimit, Hold::nothing},
};

namespace detail {

inline constexpr std::uint8_t kNone = 0xff;

consteval auto index_by_tag(Sender sender) {
  std::array<std::uint8_t, 256> slots{};
  slots.fill(kNone);
  for (std::size_t i = 0; i < kMessageTypes.size(); ++i) {
    if (kMessageTypes[i].sender != sender) continue;
    auto& slot = slots[static_cast<unsigned char>(kMessageTypes[i].tag)];
    if (slot != kNone) throw "two messages of one sender share a tag";
    slot = static_cast<std::uint8_t>(i);
  }
  return slots;
}

inline constexpr std::array kSlots{index_by_tag(Sender::client), index_by_tag(Sender::server)};

}  // namespace detail

// nullptr for a byte that starts no message of that sender.
constexpr const MessageType* find_message_type(Sender sender, char tag) {
  const auto slot = detail::kSlots[static_cast<std::size_t>(sender)][static_cast<unsigned char>(tag)];
  return slot == detail::kNone ? nullptr : &kMessageTypes[slot];
}

constexpr const MessageType& type_of(ClientTag tag) {
  return *find_message_type(Sender::client, static_cast<char>(tag));
}
constexpr const MessageType& type_of(ServerTag tag) {
  return *find_message_type(Sender::server, static_cast<char>(tag));
}

}  // namespace howdah::wire
