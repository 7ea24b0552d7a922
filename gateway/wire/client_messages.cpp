#include "gateway/wire/client_messages.hpp"

#include "gateway/wire/body.hpp"
#include "gateway/wire/frame.hpp"

namespace howdah::wire {

namespace {

constexpr std::size_t kTypeSize = 4;               // an object id
constexpr std::size_t kFormatSize = 2;             // text or binary

void append_bodiless(std::string& out, ClientTag tag) { append_header(out, static_cast<char>(tag), 0); }

void append_values(std::string& out, std::span<const std::optional<std::string_view>> values) {
  append_u16(out, static_cast<std::uint16_t>(values.size()));
  for (const auto& value : values) {
    append_u32(out, value ? static_cast<std::uint32_t>(value->size()) : kNullLength);
    if (value) out.append(*value);
  }
}

void append_target(std::string& out, ClientTag tag, Target target, std::string_view name) {
  const MessageScope scope(out, tag);
  out.push_back(static_cast<char>(target));
  append_cstring(out, name);
}

}  // namespace

Result<Query> parse_query(Bytes body) {
  BodyReader reader(body);
  const Query query{reader.take_cstring()};
  if (!reader.is_done()) return malformed(ClientTag::query);
  return query;
}

Result<Parse> parse_parse(Bytes body) {
  BodyReader reader(body);
  Parse parse;
  parse.statement = reader.take_cstring();
  parse.sql = reader.take_cstring();
  parse.types = reader.rest();
  parse.type_count = reader.take_u16();
  reader.take_bytes(parse.type_count * kTypeSize);
  if (!reader.is_done()) return malformed(ClientTag::parse);
  return parse;
}

Result<std::optional<BindHead>> parse_bind_head(Bytes body, bool is_whole) {
  BodyReader reader(body);
  BindHead head;
  head.portal = reader.take_cstring();
  head.statement = reader.take_cstring();
  if (reader.is_broken()) {
    if (is_whole) return malformed(ClientTag::bind);
    return std::optional<BindHead>{};
  }
  head.rest = body.size() - reader.rest().size();
  return std::optional<BindHead>{head};
}

std::optional<std::optional<std::string_view>> find_parameter(Bytes rest, std::size_t number) {
  BodyReader reader(rest);
  reader.take_bytes(reader.take_u16() * kFormatSize);
  if (number == 0 || number > reader.take_u16()) return std::nullopt;
  std::optional<std::string_view> value;
  for (std::size_t i = 0; i < number; ++i) {
    const std::uint32_t size = reader.take_u32();
    value = size == kNullLength ? std::nullopt : std::optional(as_text(reader.take_bytes(size)));
  }
  if (reader.is_broken()) return std::nullopt;
  return std::make_optional(value);
}

Result<TargetName> parse_target(Bytes body) {
  BodyReader reader(body);
  const auto target = static_cast<Target>(reader.take_u8());
  const std::string_view name = reader.take_cstring();
  if (!reader.is_done() || (target != Target::statement && target != Target::portal))
    return malformed(Sender::client, "Describe or Close");
  return TargetName{target, name};
}

Result<Execute> parse_execute(Bytes body) {
  BodyReader reader(body);
  Execute execute;
  execute.portal = reader.take_cstring();
  execute.max_rows = static_cast<std::int32_t>(reader.take_u32());
  if (!reader.is_done()) return malformed(ClientTag::execute);
  return execute;
}

Result<std::string_view> parse_copy_fail(Bytes body) {
  BodyReader reader(body);
  const std::string_view reason = reader.take_cstring();
  if (!reader.is_done()) return malformed(ClientTag::copy_fail);
  return reason;
}

Result<std::string_view> parse_password(Bytes body) {
  BodyReader reader(body);
  const std::string_view password = reader.take_cstring();
  if (!reader.is_done()) return Error{ErrorCode::protocol_violation, "invalid password packet size"};
  return password;
}

Result<SaslInitialResponse> parse_sasl_initial_response(Bytes body) {
  BodyReader reader(body);
  SaslInitialResponse response{reader.take_cstring(), std::nullopt};
  const std::uint32_t size = reader.take_u32();
  if (size != kNullLength) response.data = as_text(reader.take_bytes(size));
  if (!reader.is_done()) return malformed(Sender::client, "SASLInitialResponse");
  return response;
}

Result<std::uint32_t> parse_function_call_id(Bytes body) {
  BodyReader reader(body);
  const std::uint32_t id = reader.take_u32();
  if (reader.is_broken()) return malformed(ClientTag::function_call);
  return id;
}

void append_query(std::string& out, std::string_view sql) {
  const MessageScope scope(out, ClientTag::query);
  append_cstring(out, sql);
}

void append_parse(std::string& out, std::string_view statement, std::string_view sql,
                  std::span<const std::uint32_t> types) {
  const MessageScope scope(out, ClientTag::parse);
  append_cstring(out, statement);
  append_cstring(out, sql);
  append_u16(out, static_cast<std::uint16_t>(types.size()));
  for (const std::uint32_t type : types) append_u32(out, type);
}

void append_parse_as(std::string& out, std::string_view statement, std::string_view sql, Bytes types) {
  const MessageScope scope(out, ClientTag::parse);
  append_cstring(out, statement);
  append_cstring(out, sql);
  out.append(as_text(types));
}

void append_bind_head(std::string& out, std::string_view portal, std::string_view statement, std::uint32_t rest_size) {
  const auto names_size = static_cast<std::uint32_t>(portal.size() + statement.size() + 2);
  append_header(out, static_cast<char>(ClientTag::bind), names_size + rest_size);
  append_cstring(out, portal);
  append_cstring(out, statement);
}

void append_bind(std::string& out, std::string_view portal, std::string_view statement,
                 std::span<const std::optional<std::string_view>> parameters) {
  const MessageScope scope(out, ClientTag::bind);
  append_cstring(out, portal);
  append_cstring(out, statement);
  append_u16(out, 0);  // no format codes: all parameters are text
  append_values(out, parameters);
  append_u16(out, 0);  // no format codes: all results are text
}

void append_describe(std::string& out, Target target, std::string_view name) {
  append_target(out, ClientTag::describe, target, name);
}

void append_close(std::string& out, Target target, std::string_view name) {
  append_target(out, ClientTag::close, target, name);
}

void append_execute(std::string& out, std::string_view portal, std::int32_t max_rows) {
  const MessageScope scope(out, ClientTag::execute);
  append_cstring(out, portal);
  append_u32(out, static_cast<std::uint32_t>(max_rows));
}

void append_sync(std::string& out) { append_bodiless(out, ClientTag::sync); }
void append_flush(std::string& out) { append_bodiless(out, ClientTag::flush); }
void append_terminate(std::string& out) { append_bodiless(out, ClientTag::terminate); }

void append_function_call(std::string& out, std::uint32_t function,
                          std::span<const std::optional<std::string_view>> arguments) {
  const MessageScope scope(out, ClientTag::function_call);
  append_u32(out, function);
  append_u16(out, 0);  // no format codes: all arguments are text
  append_values(out, arguments);
  append_u16(out, 0);  // the result is text
}

void append_client_copy_data(std::string& out, std::string_view data) {
  const MessageScope scope(out, ClientTag::copy_data);
  out.append(data);
}

void append_client_copy_done(std::string& out) { append_bodiless(out, ClientTag::copy_done); }

void append_copy_fail(std::string& out, std::string_view reason) {
  const MessageScope scope(out, ClientTag::copy_fail);
  append_cstring(out, reason);
}

void append_password(std::string& out, std::string_view password) {
  const MessageScope scope(out, ClientTag::password);
  append_cstring(out, password);
}

void append_sasl_initial_response(std::string& out, std::string_view mechanism, std::string_view data) {
  const MessageScope scope(out, ClientTag::password);
  append_cstring(out, mechanism);
  append_u32(out, static_cast<std::uint32_t>(data.size()));
  out.append(data);
}

void append_sasl_response(std::string& out, std::string_view data) {
  const MessageScope scope(out, ClientTag::password);
  out.append(data);
}

}  // namespace howdah::wire
