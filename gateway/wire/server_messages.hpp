// What servers send (manual "55.7 Message Formats", marked B), except errors and notices (error_response.hpp).
// Builders append a complete message to a string; parsers take the body without its header and return views into it.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gateway/wire/message_types.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::wire {

inline constexpr std::size_t kMaxSecretSize = 256;  // of BackendKeyData since protocol 3.2; 4 bytes before

// What must be shown to cancel: BackendKeyData, and the key of a CancelRequest.
struct CancelKey {
  std::uint32_t pid = 0;
  std::string secret;

  friend bool operator==(const CancelKey&, const CancelKey&) = default;
};

// The first word of an Authentication message.
enum class AuthRequest : std::uint32_t {
  ok = 0,
  kerberos_v5 = 2,
  cleartext_password = 3,
  md5_password = 5,
  gss = 7,
  gss_continue = 8,
  sspi = 9,
  sasl = 10,
  sasl_continue = 11,
  sasl_final = 12,
};

struct Authentication {
  AuthRequest request;  // may be a number that is not in the enum
  Bytes rest;           // salt, mechanism list, SASL data
};

struct NameValue {  // ParameterStatus
  std::string_view name;
  std::string_view value;
};

enum class TransactionStatus : char { idle = 'I', in_block = 'T', failed = 'E' };

struct NegotiateVersion {
  std::uint32_t version = 0;  // major in the upper 16 bits
  std::vector<std::string_view> unknown_options;
};

struct Notification {
  std::uint32_t pid = 0;
  std::string_view channel;
  std::string_view payload;
};

struct CopyResponse {  // CopyInResponse, CopyOutResponse, CopyBothResponse
  bool is_binary = false;
  std::uint16_t column_count = 0;
};

Result<Authentication> parse_authentication(Bytes body);
Result<std::vector<std::string_view>> parse_sasl_mechanisms(Bytes rest);
Result<CancelKey> parse_backend_key(Bytes body);
Result<NameValue> parse_parameter_status(Bytes body);
Result<TransactionStatus> parse_ready(Bytes body);
Result<std::string_view> parse_command_complete(Bytes body);
Result<NegotiateVersion> parse_negotiate_version(Bytes body);
Result<Notification> parse_notification(Bytes body);
Result<CopyResponse> parse_copy_response(Bytes body);
Result<std::vector<std::string_view>> parse_row_description_names(Bytes body);
Result<std::vector<std::uint32_t>> parse_parameter_description(Bytes body);
// Nothing for NULL.
Result<std::vector<std::optional<std::string_view>>> parse_data_row(Bytes body);

void append_authentication_ok(std::string& out);
void append_cleartext_request(std::string& out);
void append_md5_request(std::string& out, std::string_view salt);  // four bytes
void append_sasl_request(std::string& out, std::span<const std::string_view> mechanisms);
void append_sasl_continue(std::string& out, std::string_view data);
void append_sasl_final(std::string& out, std::string_view data);
void append_backend_key(std::string& out, const CancelKey& key);
void append_parameter_status(std::string& out, std::string_view name, std::string_view value);
void append_ready(std::string& out, TransactionStatus status);
void append_command_complete(std::string& out, std::string_view command);
void append_negotiate_version(std::string& out, std::uint32_t version, std::span<const std::string> unknown_options);
void append_notification(std::string& out, const Notification& notification);
void append_parameter_description(std::string& out, std::span<const std::uint32_t> types);
// One column of a RowDescription.
struct ResultColumn {
  std::string_view name;
  std::uint32_t type = 25;   // object id; 25: text
  bool is_binary = false;    // its values are sent in binary format
};
void append_row_description(std::string& out, std::span<const ResultColumn> columns);
// Columns of type text (object id 25), text format.
void append_row_description(std::string& out, std::span<const std::string_view> names);
void append_data_row(std::string& out, std::span<const std::optional<std::string_view>> values);
void append_server_copy_data(std::string& out, std::string_view data);
// Messages without a body: ParseComplete, BindComplete, CloseComplete, NoData, EmptyQueryResponse, PortalSuspended,
// CopyDone.
void append_bodiless(std::string& out, ServerTag tag);

}  // namespace howdah::wire
