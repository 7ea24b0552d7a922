#include "gateway/wire/server_messages.hpp"

#include "gateway/wire/body.hpp"
#include "gateway/wire/frame.hpp"

namespace howdah::wire {

namespace {

constexpr std::size_t kFieldTailSize = 18;  // table, column, type, size, modifier and format of a RowDescription field

// pg_type.typlen of the types we answer with; -1: variable.
int size_of_type(std::uint32_t type) {
  constexpr std::uint32_t kInt8 = 20;
  constexpr std::uint32_t kInt4 = 23;
  return type == kInt8 ? 8 : type == kInt4 ? 4 : -1;
}

void append_authentication(std::string& out, AuthRequest request, std::string_view rest = {}) {
  const MessageScope scope(out, ServerTag::authentication);
  append_u32(out, static_cast<std::uint32_t>(request));
  out.append(rest);
}

}  // namespace

Result<Authentication> parse_authentication(Bytes body) {
  BodyReader reader(body);
  const auto request = static_cast<AuthRequest>(reader.take_u32());
  if (reader.is_broken()) return malformed(ServerTag::authentication);
  return Authentication{request, reader.rest()};
}

Result<std::vector<std::string_view>> parse_sasl_mechanisms(Bytes rest) {
  BodyReader reader(rest);
  std::vector<std::string_view> mechanisms;
  for (auto name = reader.take_cstring(); !name.empty(); name = reader.take_cstring()) mechanisms.push_back(name);
  if (!reader.is_done()) return malformed(Sender::server, "AuthenticationSASL");
  return mechanisms;
}

Result<CancelKey> parse_backend_key(Bytes body) {
  BodyReader reader(body);
  CancelKey key;
  key.pid = reader.take_u32();
  key.secret = as_text(reader.rest());
  if (reader.is_broken() || key.secret.size() < 4 || key.secret.size() > kMaxSecretSize)
    return malformed(ServerTag::backend_key);
  return key;
}

Result<NameValue> parse_parameter_status(Bytes body) {
  BodyReader reader(body);
  NameValue parameter;
  parameter.name = reader.take_cstring();
  parameter.value = reader.take_cstring();
  if (!reader.is_done()) return malformed(ServerTag::parameter_status);
  return parameter;
}

Result<TransactionStatus> parse_ready(Bytes body) {
  BodyReader reader(body);
  const auto status = static_cast<TransactionStatus>(reader.take_u8());
  const bool is_known =
      status == TransactionStatus::idle || status == TransactionStatus::in_block || status == TransactionStatus::failed;
  if (!reader.is_done() || !is_known) return malformed(ServerTag::ready);
  return status;
}

Result<std::string_view> parse_command_complete(Bytes body) {
  BodyReader reader(body);
  const std::string_view command = reader.take_cstring();
  if (!reader.is_done()) return malformed(ServerTag::command_complete);
  return command;
}

Result<NegotiateVersion> parse_negotiate_version(Bytes body) {
  BodyReader reader(body);
  NegotiateVersion negotiation;
  negotiation.version = reader.take_u32();
  const std::uint32_t count = reader.take_u32();
  // The count is not believed: the loop ends with the bytes.
  for (std::uint32_t i = 0; i < count && !reader.is_broken(); ++i)
    negotiation.unknown_options.push_back(reader.take_cstring());
  if (!reader.is_done()) return malformed(ServerTag::negotiate_version);
  return negotiation;
}

Result<Notification> parse_notification(Bytes body) {
  BodyReader reader(body);
  Notification notification;
  notification.pid = reader.take_u32();
  notification.channel = reader.take_cstring();
  notification.payload = reader.take_cstring();
  if (!reader.is_done()) return malformed(ServerTag::notification);
  return notification;
}

Result<CopyResponse> parse_copy_response(Bytes body) {
  BodyReader reader(body);
  CopyResponse response;
  const std::uint8_t format = reader.take_u8();
  response.is_binary = format == 1;
  response.column_count = reader.take_u16();
  reader.take_bytes(std::size_t{response.column_count} * 2);
  if (!reader.is_done() || format > 1) return malformed(Sender::server, "CopyResponse");
  return response;
}

Result<std::vector<std::string_view>> parse_row_description_names(Bytes body) {
  BodyReader reader(body);
  std::vector<std::string_view> names;
  const std::uint16_t count = reader.take_u16();
  for (std::uint16_t i = 0; i < count && !reader.is_broken(); ++i) {
    names.push_back(reader.take_cstring());
    reader.take_bytes(kFieldTailSize);
  }
  if (!reader.is_done()) return malformed(ServerTag::row_description);
  return names;
}

Result<std::vector<std::uint32_t>> parse_parameter_description(Bytes body) {
  BodyReader reader(body);
  std::vector<std::uint32_t> types;
  const std::uint16_t count = reader.take_u16();
  for (std::uint16_t i = 0; i < count && !reader.is_broken(); ++i) types.push_back(reader.take_u32());
  if (!reader.is_done()) return malformed(ServerTag::parameter_description);
  return types;
}

Result<std::vector<std::optional<std::string_view>>> parse_data_row(Bytes body) {
  BodyReader reader(body);
  std::vector<std::optional<std::string_view>> values;
  const std::uint16_t count = reader.take_u16();
  for (std::uint16_t i = 0; i < count && !reader.is_broken(); ++i) {
    const std::uint32_t size = reader.take_u32();
    if (size == kNullLength)
      values.emplace_back(std::nullopt);
    else
      values.emplace_back(as_text(reader.take_bytes(size)));
  }
  if (!reader.is_done()) return malformed(ServerTag::data_row);
  return values;
}

void append_authentication_ok(std::string& out) { append_authentication(out, AuthRequest::ok); }
void append_cleartext_request(std::string& out) { append_authentication(out, AuthRequest::cleartext_password); }
void append_md5_request(std::string& out, std::string_view salt) {
  append_authentication(out, AuthRequest::md5_password, salt);
}
void append_sasl_continue(std::string& out, std::string_view data) {
  append_authentication(out, AuthRequest::sasl_continue, data);
}
void append_sasl_final(std::string& out, std::string_view data) {
  append_authentication(out, AuthRequest::sasl_final, data);
}

void append_sasl_request(std::string& out, std::span<const std::string_view> mechanisms) {
  const MessageScope scope(out, ServerTag::authentication);
  append_u32(out, static_cast<std::uint32_t>(AuthRequest::sasl));
  for (const std::string_view mechanism : mechanisms) append_cstring(out, mechanism);
  out.push_back('\0');
}

void append_backend_key(std::string& out, const CancelKey& key) {
  const MessageScope scope(out, ServerTag::backend_key);
  append_u32(out, key.pid);
  out.append(key.secret);
}

void append_parameter_status(std::string& out, std::string_view name, std::string_view value) {
  const MessageScope scope(out, ServerTag::parameter_status);
  append_cstring(out, name);
  append_cstring(out, value);
}

void append_ready(std::string& out, TransactionStatus status) {
  const MessageScope scope(out, ServerTag::ready);
  out.push_back(static_cast<char>(status));
}

void append_command_complete(std::string& out, std::string_view command) {
  const MessageScope scope(out, ServerTag::command_complete);
  append_cstring(out, command);
}

void append_negotiate_version(std::string& out, std::uint32_t version, std::span<const std::string> unknown_options) {
  const MessageScope scope(out, ServerTag::negotiate_version);
  append_u32(out, version);
  append_u32(out, static_cast<std::uint32_t>(unknown_options.size()));
  for (const std::string& name : unknown_options) append_cstring(out, name);
}

void append_notification(std::string& out, const Notification& notification) {
  const MessageScope scope(out, ServerTag::notification);
  append_u32(out, notification.pid);
  append_cstring(out, notification.channel);
  append_cstring(out, notification.payload);
}

void append_parameter_description(std::string& out, std::span<const std::uint32_t> types) {
  const MessageScope scope(out, ServerTag::parameter_description);
  append_u16(out, static_cast<std::uint16_t>(types.size()));
  for (const std::uint32_t type : types) append_u32(out, type);
}

void append_row_description(std::string& out, std::span<const std::string_view> names) {
  std::vector<ResultColumn> columns;
  for (const std::string_view name : names) columns.push_back({.name = name});
  append_row_description(out, columns);
}

void append_row_description(std::string& out, std::span<const ResultColumn> columns) {
  const MessageScope scope(out, ServerTag::row_description);
  append_u16(out, static_cast<std::uint16_t>(columns.size()));
  for (const ResultColumn& column : columns) {
    append_cstring(out, column.name);
    append_u32(out, 0);  // no table
    append_u16(out, 0);  // no column
    append_u32(out, column.type);
    append_u16(out, static_cast<std::uint16_t>(size_of_type(column.type)));
    append_u32(out, 0xffffffff);  // -1: no type modifier
    append_u16(out, column.is_binary ? 1 : 0);
  }
}

void append_data_row(std::string& out, std::span<const std::optional<std::string_view>> values) {
  const MessageScope scope(out, ServerTag::data_row);
  append_u16(out, static_cast<std::uint16_t>(values.size()));
  for (const auto& value : values) {
    append_u32(out, value ? static_cast<std::uint32_t>(value->size()) : kNullLength);
    if (value) out.append(*value);
  }
}

void append_server_copy_data(std::string& out, std::string_view data) {
  const MessageScope scope(out, ServerTag::copy_data);
  out.append(data);
}

void append_bodiless(std::string& out, ServerTag tag) { append_header(out, static_cast<char>(tag), 0); }

}  // namespace howdah::wire
