#include "gateway/wire/startup.hpp"

#include "gateway/wire/body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

namespace howdah::wire {

namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kMaxNameSize = 63;             // PostgreSQL cuts user and database names to this
constexpr char kTlsHandshake = 0x16;                 // first byte of a TLS record that carries a handshake
constexpr std::string_view kOptionPrefix = "_pq_.";  // reserved for protocol options

Error bad_length(ErrorCode code) { return Error{code, "invalid length of startup packet"}; }

// Injected before the encryption began (CVE-2021-23222), or a client that does not wait.
Error early_bytes(std::string_view request) {
  return Error{ErrorCode::protocol_violation, fmt::format("received unencrypted data after {} request", request),
               "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack."};
}

Error repeated_request(std::string_view request) {
  return Error{ErrorCode::too_many_negotiations, fmt::format("received a second {} request", request)};
}

Error unsupported(ProtocolVersion asked) {
  return Error{ErrorCode::unsupported_protocol,
               fmt::format("unsupported frontend protocol {}.{}: server supports {}.{} to {}.{}", asked.major_number,
                           asked.minor_number, kOldestVersion.major_number, kOldestVersion.minor_number,
                           kNewestVersion.major_number, kNewestVersion.minor_number)};
}

StartupAction read_cancel(BodyReader reader) {
  CancelKey key;
  key.pid = reader.take_u32();
  key.secret = as_text(reader.rest());
  if (reader.is_broken() || key.secret.size() < kLengthSize || key.secret.size() > kMaxSecretSize)
    return Drop{bad_length(ErrorCode::protocol_violation)};
  return Cancel{std::move(key)};
}

// PostgreSQL's boolean: any beginning of a word that is no beginning of another, in any case.
std::optional<bool> parse_bool(std::string_view text) {
  struct Word {
    std::string_view text;
    std::size_t shortest;
    bool value;
  };
  static constexpr Word kWords[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
                                    {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Word& word : kWords)
    if (lower.size() >= word.shortest && word.text.starts_with(lower)) return word.value;
  return std::nullopt;
}

std::optional<Replication> parse_replication(std::string_view value) {
  if (value == "database") return Replication::logical;
  const auto flag = parse_bool(value);
  if (!flag) return std::nullopt;
  return *flag ? Replication::physical : Replication::none;
}

Result<void> take_parameter(StartupMessage& startup, std::string_view name, std::string_view value) {
  if (name == "user") {
    startup.user = value;
  } else if (name == "database") {
    startup.database = value;
  } else if (name == "options") {
    startup.options = value;
  } else if (name == "replication") {
    const auto replication = parse_replication(value);
    if (!replication)
      return Error{ErrorCode::startup_parameter_invalid,
                   fmt::format("invalid value for parameter \"replication\": \"{}\"", value), "",
                   "Valid values are: \"false\", 0, \"true\", 1, \"database\"."};
    startup.replication = *replication;
  } else if (name.starts_with(kOptionPrefix)) {
    startup.unknown_options.emplace_back(name);
  } else {
    startup.parameters.emplace_back(name, value);
  }
  return {};
}

Result<void> complete(StartupMessage& startup) {
  if (startup.user.empty())
    return Error{ErrorCode::user_missing, "no PostgreSQL user name specified in startup packet"};
  if (startup.database.empty()) startup.database = startup.user;
  // Cut before anybody compares them, so that the name a rule sees is the name the server sees.
  if (startup.user.size() > kMaxNameSize) startup.user.resize(kMaxNameSize);
  if (startup.database.size() > kMaxNameSize) startup.database.resize(kMaxNameSize);
  if (startup.replication == Replication::physical) startup.database.clear();
  return {};
}

void append_code(std::string& out, std::uint32_t code) {
  append_u32(out, 2 * kLengthSize);
  append_u32(out, code);
}

}  // namespace

StartupAction StartupReader::step(Bytes& input) {
  if (input.empty()) return StartupPending{};
  if (is_fresh_ && input[0] == kTlsHandshake) {
    is_fresh_ = false;
    if (options_.has_tls) return DirectTls{};
    return Drop{Error{ErrorCode::protocol_violation, "TLS handshake without TLS being available here"}};
  }
  is_fresh_ = false;
  const auto take = [&](std::size_t wanted) {
    const std::size_t size = std::min(wanted - packet_.size(), input.size());
    packet_.append(input.data(), size);
    input = input.subspan(size);
    return packet_.size() == wanted;
  };
  if (packet_.size() < kLengthSize && !take(kLengthSize)) return StartupPending{};
  const std::uint32_t length = load_u32(packet_.data());
  // Who sends that speaks another protocol, or took leave before it had begun (a Terminate): PostgreSQL says nothing, either.
  if (length < 2 * kLengthSize) return Drop{bad_length(ErrorCode::protocol_violation)};
  if (length > kMaxStartupBody + kLengthSize) return Drop{bad_length(ErrorCode::startup_packet_too_large)};
  if (!take(length)) return StartupPending{};
  const std::string packet = std::move(packet_);
  packet_.clear();
  return on_packet(as_bytes(packet).subspan(kLengthSize), input);
}

void StartupReader::tls_started() {
  is_tls_ = true;
  is_gss_done_ = true;  // encrypted once is enough
}

StartupAction StartupReader::on_packet(Bytes body, Bytes rest) {
  BodyReader reader(body);
  const std::uint32_t code = reader.take_u32();
  if (code == kCancelRequestCode) return read_cancel(reader);
  if (code == kSslRequestCode) return on_ssl_request(rest);
  if (code == kGssRequestCode) return on_gss_request(rest);
  auto startup = parse_startup(body);
  if (startup.has_error()) return Refuse{startup.error(), version_of(code).major_number < kOldestVersion.major_number};
  return std::move(startup.value());
}

StartupAction StartupReader::on_ssl_request(Bytes rest) {
  if (is_ssl_done_) return Refuse{repeated_request("SSL")};
  is_ssl_done_ = true;
  if (!rest.empty()) return Refuse{early_bytes("SSL")};
  if (options_.has_tls && !is_tls_) return StartTls{};
  return Answer{'N'};
}

StartupAction StartupReader::on_gss_request(Bytes rest) {
  if (is_gss_done_) return Refuse{repeated_request("GSSAPI encryption")};
  is_gss_done_ = true;
  if (!rest.empty()) return Refuse{early_bytes("GSSAPI encryption")};
  return Answer{'N'};
}

Result<StartupMessage> parse_startup(Bytes body) {
  BodyReader reader(body);
  StartupMessage startup;
  startup.asked = version_of(reader.take_u32());
  if (startup.asked.major_number != kNewestVersion.major_number) return unsupported(startup.asked);
  startup.spoken = std::min(startup.asked, kNewestVersion);
  for (auto name = reader.take_cstring(); !name.empty(); name = reader.take_cstring()) {
    const std::string_view value = reader.take_cstring();
    if (reader.is_broken()) break;
    const auto taken = take_parameter(startup, name, value);
    if (taken.has_error()) return taken.error();
  }
  if (!reader.is_done())
    return Error{ErrorCode::protocol_violation, "invalid startup packet layout: expected terminator as last byte"};
  const auto completed = complete(startup);
  if (completed.has_error()) return completed.error();
  return startup;
}

void append_negotiation(std::string& out, const StartupMessage& startup) {
  if (startup.needs_negotiation()) append_negotiate_version(out, to_word(startup.spoken), startup.unknown_options);
}

void append_ssl_request(std::string& out) { append_code(out, kSslRequestCode); }
void append_gss_request(std::string& out) { append_code(out, kGssRequestCode); }

void append_cancel_request(std::string& out, const CancelKey& key) {
  append_u32(out, static_cast<std::uint32_t>(3 * kLengthSize + key.secret.size()));
  append_u32(out, kCancelRequestCode);
  append_u32(out, key.pid);
  out.append(key.secret);
}

void append_startup(std::string& out, ProtocolVersion version, std::string_view user, std::string_view database,
                    const std::vector<std::pair<std::string, std::string>>& parameters) {
  const std::size_t begin = out.size();
  append_u32(out, 0);  // the length, filled in below
  append_u32(out, to_word(version));
  append_cstring(out, "user");
  append_cstring(out, user);
  append_cstring(out, "database");
  append_cstring(out, database);
  for (const auto& [name, value] : parameters) {
    append_cstring(out, name);
    append_cstring(out, value);
  }
  out.push_back('\0');
  store_u32(out.data() + begin, static_cast<std::uint32_t>(out.size() - begin));
}

}  // namespace howdah::wire
