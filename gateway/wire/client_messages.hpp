// What clients send (manual "55.7 Message Formats", marked F), after the start-up packet. Builders append a complete
// message to a string; parsers take the body without its header and return views into it. A parser checks everything
// it returns; what it does not look at (the parameters of a Bind) it says so.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace howdah::wire {

// What Describe and Close are about.
enum class Target : char { statement = 'S', portal = 'P' };

struct Query {
  std::string_view sql;
};

struct Parse {
  std::string_view statement;  // empty: the unnamed one
  std::string_view sql;
  Bytes types;  // the count and the object ids, as sent
  std::uint16_t type_count = 0;
};

// The front of a Bind. What follows (format codes, parameters, result formats) is not looked at, so that it can stream.
struct BindHead {
  std::string_view portal;
  std::string_view statement;
  std::size_t rest = 0;  // offset in the body where the parameter part begins
};

struct TargetName {  // Describe, Close
  Target target;
  std::string_view name;
};

struct Execute {
  std::string_view portal;
  std::int32_t max_rows = 0;  // 0: all
};

struct SaslInitialResponse {
  std::string_view mechanism;
  std::optional<std::string_view> data;  // absent is not the same as empty
};

Result<Query> parse_query(Bytes body);
Result<Parse> parse_parse(Bytes body);
// The front may be cut off by the end of a chunk. Error if `body` holds a whole Bind (`is_whole`) and the names do not
// end in it; nothing if they may still come.
Result<std::optional<BindHead>> parse_bind_head(Bytes body, bool is_whole);
// What parameter `number` (from 1) of a Bind is bound to, as sent; `rest` is what follows the names. The outer one is empty
// if the Bind has no such parameter or is malformed, the inner one for NULL.
std::optional<std::optional<std::string_view>> find_parameter(Bytes rest, std::size_t number);
Result<TargetName> parse_target(Bytes body);  // Describe and Close
Result<Execute> parse_execute(Bytes body);
Result<std::string_view> parse_copy_fail(Bytes body);
Result<std::string_view> parse_password(Bytes body);
Result<SaslInitialResponse> parse_sasl_initial_response(Bytes body);
Result<std::uint32_t> parse_function_call_id(Bytes body);  // the function's object id; arguments are not looked at

void append_query(std::string& out, std::string_view sql);
void append_parse(std::string& out, std::string_view statement, std::string_view sql,
                  std::span<const std::uint32_t> types = {});
// The same with the types of a Parse that was read.
void append_parse_as(std::string& out, std::string_view statement, std::string_view sql, Bytes types);
// Header and names of a Bind whose remaining `rest_size` bytes the caller appends or streams after it.
void append_bind_head(std::string& out, std::string_view portal, std::string_view statement, std::uint32_t rest_size);
// A Bind with all parameters and results as text; nothing means NULL.
void append_bind(std::string& out, std::string_view portal, std::string_view statement,
                 std::span<const std::optional<std::string_view>> parameters = {});
void append_describe(std::string& out, Target target, std::string_view name);
void append_close(std::string& out, Target target, std::string_view name);
void append_execute(std::string& out, std::string_view portal, std::int32_t max_rows = 0);
void append_sync(std::string& out);
void append_flush(std::string& out);
void append_terminate(std::string& out);
// A call with text arguments and a text result.
void append_function_call(std::string& out, std::uint32_t function,
                          std::span<const std::optional<std::string_view>> arguments);
void append_client_copy_data(std::string& out, std::string_view data);
void append_client_copy_done(std::string& out);
void append_copy_fail(std::string& out, std::string_view reason);
void append_password(std::string& out, std::string_view password);
void append_sasl_initial_response(std::string& out, std::string_view mechanism, std::string_view data);
void append_sasl_response(std::string& out, std::string_view data);

}  // namespace howdah::wire
