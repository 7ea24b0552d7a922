#include "gateway/login/server_login.hpp"

#include "gateway/login/digest.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/server_messages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::login {

namespace {

// Far more than any server says before ReadyForQuery.
constexpr std::uint32_t kMaxLoginBytes = 4 << 20;

ServerLoginStep failed(Error error) { return ServerLoginFailed{std::move(error)}; }

ServerLoginStep violation(std::string detail) {
  return failed(
      Error{ErrorCode::backend_protocol_violation, "the server broke the protocol during login", std::move(detail)});
}

// The server asks for something that the stored secret cannot answer.
ServerLoginStep no_answer(std::string_view asked, std::string_view hint) {
  return failed(
      Error{ErrorCode::backend_login_failed,
            fmt::format("the server asks for {}, which cannot be answered with what is known about the user", asked),
            "", std::string(hint)});
}

ServerLoginStep unsupported(wire::AuthRequest request) {
  std::string_view name = "an unknown authentication method";
  if (request == wire::AuthRequest::gss || request == wire::AuthRequest::gss_continue) name = "GSSAPI";
  if (request == wire::AuthRequest::sspi) name = "SSPI";
  if (request == wire::AuthRequest::kerberos_v5) name = "Kerberos V5";
  return failed(Error{ErrorCode::backend_login_failed,
                      fmt::format("the server asks for {}, which is not supported", name),
                      fmt::format("authentication request {}", static_cast<std::uint32_t>(request)),
                      "Give the gateway's address a line with scram-sha-256 in the server's pg_hba.conf."});
}

}  // namespace

ServerLogin::ServerLogin(ServerLoginFacts facts) : facts_(std::move(facts)) { result_.version = facts_.version; }

void ServerLogin::start(std::string& out) {
  wire::append_startup(out, facts_.version, facts_.user, facts_.database, facts_.parameters);
}

ServerLoginStep ServerLogin::step(Bytes& input, std::string& out) {
  wire::Piece piece;
  for (;;) {
    switch (scanner_.next(input, piece)) {
      case wire::Scan::need_more:
        return LoginPending{};
      case wire::Scan::broken:
        return failed(scanner_.error());
      case wire::Scan::piece:
        break;
    }
    if (piece.is_first) {
      if (piece.length > kMaxLoginBytes - received_) return violation("too much was sent before ReadyForQuery");
      received_ += piece.length;
    }
    const auto message = assembler_.add(piece);
    if (!message) continue;
    ServerLoginStep result = on_message(*message, out);
    if (!std::holds_alternative<LoginPending>(result)) return result;
  }
}

ServerLoginStep ServerLogin::on_message(const wire::Message& message, std::string& out) {
  const wire::ServerTag tag = message.server_tag();
  switch (tag) {
    case wire::ServerTag::error:
      return on_error(message.body);
    case wire::ServerTag::notice:
      result_.notices.emplace_back(as_text(message.body));
      return LoginPending{};
    case wire::ServerTag::negotiate_version:
      return on_negotiation(message.body);
    case wire::ServerTag::authentication:
      return on_authentication(message.body, out);
    case wire::ServerTag::parameter_status:
    case wire::ServerTag::backend_key:
    case wire::ServerTag::ready:
      return on_settled(tag, message.body, out);
    default:
      if (is_query_answer(tag)) return LoginPending{};
      return violation(fmt::format("unexpected {}", wire::type_of(tag).name));
  }
}

// An error of the connect query is passed over, as PgBouncer does; anything else ends the login.
ServerLoginStep ServerLogin::on_error(Bytes body) {
  const auto error = wire::parse_error_response(body);
  if (error.has_error()) return failed(error.error());
  if (!is_query_sent_ || error->ends_connection()) return ServerLoginFailed{wire::ServerError{std::string(as_text(body))}};
  result_.connect_query_error = error->message();
  return LoginPending{};
}

// Nobody looks at them. COPY would want more of us.
bool ServerLogin::is_query_answer(wire::ServerTag tag) const {
  switch (tag) {
    case wire::ServerTag::row_description:
    case wire::ServerTag::data_row:
    case wire::ServerTag::command_complete:
    case wire::ServerTag::empty_query: return is_query_sent_;
    default: return false;
  }
}

// What comes between AuthenticationOk and the first statement.
ServerLoginStep ServerLogin::on_settled(wire::ServerTag tag, Bytes body, std::string& out) {
  if (!is_authenticated_) return violation(fmt::format("{} before authentication", wire::type_of(tag).name));
  if (tag == wire::ServerTag::parameter_status) {
    const auto parameter = wire::parse_parameter_status(body);
    if (parameter.has_error()) return failed(parameter.error());
    result_.parameters.set(parameter->name, parameter->value);
    return LoginPending{};
  }
  if (tag == wire::ServerTag::backend_key) {
    auto key = wire::parse_backend_key(body);
    if (key.has_error()) return failed(key.error());
    result_.key = std::move(*key);
    return LoginPending{};
  }
  return on_ready(body, out);
}

ServerLoginStep ServerLogin::on_ready(Bytes body, std::string& out) {
  const auto status = wire::parse_ready(body);
  if (status.has_error()) return failed(status.error());
  if (*status != wire::TransactionStatus::idle)
    return violation(is_query_sent_ ? "the connect query leaves a transaction open" : "a transaction is open after login");
  if (facts_.connect_query.empty() || std::exchange(is_query_sent_, true)) return std::move(result_);
  wire::append_query(out, facts_.connect_query);
  return LoginPending{};
}

// Manual "55.2.1 Start-up": the server speaks an older minor version than asked.
ServerLoginStep ServerLogin::on_negotiation(Bytes body) {
  const auto negotiation = wire::parse_negotiate_version(body);
  if (negotiation.has_error()) return failed(negotiation.error());
  const wire::ProtocolVersion version = wire::version_of(negotiation->version);
  if (is_authenticated_ || version > facts_.version || version < wire::kOldestVersion)
    return violation(fmt::format("it offers protocol {}.{}", version.major_number, version.minor_number));
  result_.version = version;
  return LoginPending{};
}

ServerLoginStep ServerLogin::on_authentication(Bytes body, std::string& out) {
  const auto authentication = wire::parse_authentication(body);
  if (authentication.has_error()) return failed(authentication.error());
  if (is_authenticated_) return violation("Authentication after AuthenticationOk");
  const wire::AuthRequest request = authentication->request;
  if (request == wire::AuthRequest::sasl_continue || request == wire::AuthRequest::sasl_final)
    return continue_sasl(*authentication, out);
  if (request == wire::AuthRequest::ok) {
    // Without its signature, the server would have got away with not knowing the secret.
    if (scram_ && !scram_->has_finished()) return violation("AuthenticationOk before the end of SCRAM");
    is_authenticated_ = true;
    return LoginPending{};
  }
  if (has_answered_) return violation("a second authentication request");
  has_answered_ = true;
  switch (request) {
    case wire::AuthRequest::cleartext_password:
      return answer_cleartext(out);
    case wire::AuthRequest::md5_password:
      return answer_md5(authentication->rest, out);
    case wire::AuthRequest::sasl:
      return start_sasl(authentication->rest, out);
    default:
      return unsupported(request);
  }
}

ServerLoginStep ServerLogin::answer_cleartext(std::string& out) {
  const auto* plain = std::get_if<PlainPassword>(&facts_.credential);
  if (plain == nullptr)
    return no_answer("a clear-text password",
                     "Store the plain password (TEXT) in pool_passwd, or let the server use "
                     "scram-sha-256.");
  wire::append_password(out, plain->text);
  return LoginPending{};
}

ServerLoginStep ServerLogin::answer_md5(Bytes salt, std::string& out) {
  constexpr std::size_t kSaltSize = 4;
  if (salt.size() != kSaltSize) return violation("md5 salt of a wrong size");
  std::string hash;
  if (const auto* stored = std::get_if<Md5Hash>(&facts_.credential)) hash = stored->text;
  if (const auto* plain = std::get_if<PlainPassword>(&facts_.credential)) hash = md5_hash_of(plain->text, facts_.user);
  if (hash.empty()) return no_answer("an md5 password", "Store the user's md5 or plain password in pool_passwd.");
  wire::append_password(out, md5_answer(hash, as_text(salt)));
  return LoginPending{};
}

ServerLoginStep ServerLogin::start_sasl(Bytes list, std::string& out) {
  const auto mechanisms = wire::parse_sasl_mechanisms(list);
  if (mechanisms.has_error()) return failed(mechanisms.error());
  const auto offers = [&](std::string_view name) {
    return std::find(mechanisms->begin(), mechanisms->end(), name) != mechanisms->end();
  };
  const bool has_plus = offers(kScramPlusMechanism);
  if (!offers(kScramMechanism) && !(has_plus && !facts_.tls_binding.empty()))
    return failed(Error{ErrorCode::backend_login_failed, "the server offers no SASL mechanism that is supported",
                        fmt::format("offered: {}", fmt::join(*mechanisms, ", ")),
                        "Give the gateway's address a line with scram-sha-256 in the server's pg_hba.conf."});
  const bool can_prove =
      std::holds_alternative<PlainPassword>(facts_.credential) || std::holds_alternative<ScramKeys>(facts_.credential);
  if (!can_prove)
    return no_answer("SCRAM",
                     "Store the user's plain password or SCRAM verifier in pool_passwd; with a verifier, "
                     "let clients log in with scram-sha-256.");
  ScramClient::Options options;
  options.credential = facts_.credential;
  options.tls_binding = facts_.tls_binding;
  options.server_offers_plus = has_plus;
  options.nonce = make_scram_nonce(facts_.scram_nonce);
  options.known_keys = facts_.known_keys;
  scram_.emplace(options);
  wire::append_sasl_initial_response(out, scram_->mechanism(), scram_->first());
  return LoginPending{};
}

ServerLoginStep ServerLogin::continue_sasl(const wire::Authentication& authentication, std::string& out) {
  const bool is_last = authentication.request == wire::AuthRequest::sasl_final;
  if (!scram_ || scram_->has_proved() != is_last || scram_->has_finished())
    return violation("SASL message out of turn");
  if (is_last) {
    const auto checked = scram_->on_final(as_text(authentication.rest));
    if (checked.has_error()) return failed(checked.error());
    return LoginPending{};
  }
  const auto proof = scram_->on_first(as_text(authentication.rest));
  if (proof.has_error()) return failed(proof.error());
  wire::append_sasl_response(out, *proof);
  return LoginPending{};
}

}  // namespace howdah::login
