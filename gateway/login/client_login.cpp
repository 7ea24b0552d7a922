#include "gateway/login/client_login.hpp"

#include "gateway/login/digest.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/server_messages.hpp"

#include <fmt/format.h>

namespace howdah::login {

namespace {

// "host ..., user ..., database ..., no encryption", as PostgreSQL 15 ends both texts.
std::string connection_text(const ClientLoginFacts& facts) {
  const std::string_view encryption = facts.has_tls ? "SSL encryption" : "no encryption";
  if (facts.is_replication) return fmt::format("host \"{}\", user \"{}\", {}", facts.host, facts.user, encryption);
  return fmt::format("host \"{}\", user \"{}\", database \"{}\", {}", facts.host, facts.user, facts.database,
                     encryption);
}

// Whether the stored secret says the password is right. Only for secrets that can tell.
bool is_right_password(const StoredSecret& secret, std::string_view password, std::string_view user) {
  if (const auto* plain = std::get_if<PlainPassword>(&secret)) return is_equal_secret(plain->text, password);
  if (const auto* hash = std::get_if<Md5Hash>(&secret)) return is_equal_secret(hash->text, md5_hash_of(password, user));
  if (const auto* verifier = std::get_if<ScramVerifier>(&secret)) return matches(*verifier, password);
  return false;
}

// What the stored secret opens without the client's help.
ServerCredential credential_from(const StoredSecret& secret) {
  if (const auto* plain = std::get_if<PlainPassword>(&secret)) return *plain;
  if (const auto* hash = std::get_if<Md5Hash>(&secret)) return *hash;
  return NoSecret{};
}

}  // namespace

Error rejected_by_hba(const ClientLoginFacts& facts) {
  return Error{ErrorCode::hba_rejected,
               fmt::format("pg_hba.conf rejects {}connection for {}", facts.is_replication ? "replication " : "",
                           connection_text(facts))};
}

Error no_hba_entry(const ClientLoginFacts& facts) {
  return Error{ErrorCode::hba_rejected,
               fmt::format("no pg_hba.conf entry for {}{}", facts.is_replication ? "replication connection from " : "",
                           connection_text(facts))};
}

ClientLogin::ClientLogin(ClientLoginFacts facts) : facts_(std::move(facts)) {}

ClientLoginStep ClientLogin::start(std::string& out) {
  switch (facts_.method) {
    case AuthMethod::trust:
      return ClientLoginDone{credential_from(facts_.secret)};
    case AuthMethod::reject:
      return ClientLoginFailed{rejected_by_hba(facts_), "a line with the method reject matches"};
    case AuthMethod::no_entry:
      return ClientLoginFailed{no_hba_entry(facts_), "no line matches"};
    case AuthMethod::password:
      return start_password(out);
    case AuthMethod::md5:
      return start_md5(out);
    case AuthMethod::scram_sha_256:
      return start_scram(out);
    case AuthMethod::cert:
      if (!facts_.certificate_name.empty() && facts_.certificate_name == facts_.user)
        return ClientLoginDone{credential_from(facts_.secret)};
      return ClientLoginFailed{
          Error{ErrorCode::hba_rejected, fmt::format("certificate authentication failed for user \"{}\"", facts_.user)},
          fmt::format("common name of the certificate: \"{}\"", facts_.certificate_name)};
    case AuthMethod::follow_secret:
      return start_follow_secret(out);
  }
  return ClientLoginFailed{no_hba_entry(facts_), "unknown method"};
}

ClientLoginStep ClientLogin::start_password(std::string& out) {
  state_ = State::password;
  wire::append_cleartext_request(out);
  return LoginPending{};
}

// As PostgreSQL: the stored secret decides. Only an md5 or a plain one can answer an md5 challenge; a verifier, and a
// user that does not exist, get SCRAM.
ClientLoginStep ClientLogin::start_md5(std::string& out) {
  if (!std::holds_alternative<Md5Hash>(facts_.secret) && !std::holds_alternative<PlainPassword>(facts_.secret))
    return start_scram(out);
  state_ = State::md5;
  wire::append_md5_request(out, {facts_.md5_salt.data(), facts_.md5_salt.size()});
  return LoginPending{};
}

ClientLoginStep ClientLogin::start_scram(std::string& out) {
  state_ = State::scram;
  ScramServer::Options options;
  options.tls_binding = facts_.tls_binding;
  options.nonce = make_scram_nonce(facts_.scram_nonce);
  if (const auto* verifier = std::get_if<ScramVerifier>(&facts_.secret)) {
    options.verifier = *verifier;
  } else if (const auto* plain = std::get_if<PlainPassword>(&facts_.secret)) {
    options.verifier = facts_.known_verifier ? *facts_.known_verifier
                                             : scram_verifier_for_plain(facts_.user, plain->text, facts_.mock_secret);
  } else {
    options.verifier = mock_scram_verifier(facts_.user, facts_.mock_secret);
    options.is_doomed = true;
  }
  scram_.emplace(options);
  static constexpr std::string_view kMechanisms[] = {kScramPlusMechanism, kScramMechanism};
  const std::span<const std::string_view> offered(kMechanisms);
  wire::append_sasl_request(out, facts_.tls_binding.empty() ? offered.subspan(1) : offered);
  return LoginPending{};
}

ClientLoginStep ClientLogin::start_follow_secret(std::string& out) {
  if (std::holds_alternative<Md5Hash>(facts_.secret)) return start_md5(out);
  if (!std::holds_alternative<NoSecret>(facts_.secret)) return start_scram(out);
  if (facts_.allow_clear_text) return start_password(out);
  ClientLoginStep failed = wrong_password("no password is stored for the user");
  std::get<ClientLoginFailed>(failed).error.hint =
      "Add the user to pool_passwd, or set allow_clear_text_frontend_auth = on.";
  return failed;
}

ClientLoginStep ClientLogin::wrong_password(std::string log_detail) const {
  return ClientLoginFailed{
      Error{ErrorCode::password_wrong, fmt::format("password authentication failed for user \"{}\"", facts_.user)},
      std::move(log_detail)};
}

ClientLoginStep ClientLogin::step(Bytes& input, std::string& out) {
  wire::Piece piece;
  for (;;) {
    switch (scanner_.next(input, piece)) {
      case wire::Scan::need_more:
        return LoginPending{};
      case wire::Scan::broken:
        return ClientLoginFailed{scanner_.error(), {}};
      case wire::Scan::piece:
        break;
    }
    if (piece.tag != static_cast<char>(wire::ClientTag::password))
      return ClientLoginFailed{
          Error{ErrorCode::protocol_violation,
                fmt::format("expected {} response, got message type {}", state_ == State::scram ? "SASL" : "password",
                            static_cast<int>(piece.tag))},
          {}};
    const auto message = assembler_.add(piece);
    if (!message) continue;
    ClientLoginStep result = on_answer(message->body, out);
    if (!std::holds_alternative<LoginPending>(result)) return result;
  }
}

ClientLoginStep ClientLogin::on_answer(Bytes body, std::string& out) {
  switch (state_) {
    case State::password:
      return check_password(body);
    case State::md5:
      return check_md5(body);
    case State::scram:
      return scram_->has_started() ? check_scram_final(body, out) : check_scram_first(body, out);
    case State::over:
      break;
  }
  return ClientLoginFailed{Error{ErrorCode::protocol_violation, "unexpected password message"}, {}};
}

ClientLoginStep ClientLogin::check_password(Bytes body) {
  const auto password = wire::parse_password(body);
  if (password.has_error()) return ClientLoginFailed{password.error(), {}};
  if (password->empty())
    return ClientLoginFailed{Error{ErrorCode::password_wrong, "empty password returned by client"}, {}};
  PlainPassword given{std::string(*password)};
  if (std::holds_alternative<NoSecret>(facts_.secret)) return ClientLoginDone{std::move(given), true};
  if (!is_right_password(facts_.secret, given.text, facts_.user)) return wrong_password("password does not match");
  return ClientLoginDone{std::move(given)};
}

ClientLoginStep ClientLogin::check_md5(Bytes body) {
  const auto answer = wire::parse_password(body);
  if (answer.has_error()) return ClientLoginFailed{answer.error(), {}};
  const auto* plain = std::get_if<PlainPassword>(&facts_.secret);
  const std::string hash = plain ? md5_hash_of(plain->text, facts_.user) : std::get<Md5Hash>(facts_.secret).text;
  const std::string expected = md5_answer(hash, {facts_.md5_salt.data(), facts_.md5_salt.size()});
  if (!is_equal_secret(*answer, expected)) return wrong_password("password does not match");
  return ClientLoginDone{credential_from(facts_.secret)};
}

ClientLoginStep ClientLogin::check_scram_first(Bytes body, std::string& out) {
  std::string_view client_first = as_text(body);
  if (!mechanism_) {
    const auto initial = wire::parse_sasl_initial_response(body);
    if (initial.has_error()) return ClientLoginFailed{initial.error(), {}};
    mechanism_ = initial->mechanism;
    if (!initial->data) {
      // RFC 4422: a client may leave its first message for the answer to an empty challenge.
      wire::append_sasl_continue(out, "");
      return LoginPending{};
    }
    client_first = *initial->data;
  }
  const auto challenge = scram_->on_first(*mechanism_, client_first);
  if (challenge.has_error()) return ClientLoginFailed{challenge.error(), {}};
  wire::append_sasl_continue(out, *challenge);
  return LoginPending{};
}

ClientLoginStep ClientLogin::check_scram_final(Bytes body, std::string& out) {
  const auto final_message = scram_->on_final(as_text(body));
  if (final_message.has_error()) return ClientLoginFailed{final_message.error(), {}};
  if (!*final_message) {
    if (std::holds_alternative<NoSecret>(facts_.secret)) return wrong_password("no password is stored for the user");
    if (std::holds_alternative<Md5Hash>(facts_.secret))
      return wrong_password("the user has an md5 password, which SCRAM cannot use");
    return wrong_password("password does not match");
  }
  wire::append_sasl_final(out, **final_message);
  // A stored plain password opens every server; the keys only those with the same salt, and ours is our own.
  if (std::holds_alternative<PlainPassword>(facts_.secret)) return ClientLoginDone{credential_from(facts_.secret)};
  return ClientLoginDone{scram_->keys()};
}

}  // namespace howdah::login
