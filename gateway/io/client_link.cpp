#include "gateway/io/client_link.hpp"

#include <array>

#include "base/io/clock.hpp"
#include "base/io/openssl.hpp"
#include "base/overloaded.hpp"
#include "gateway/io/random.hpp"
#include "gateway/io/replication_relay.hpp"
#include "gateway/wire/error_response.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah {

namespace {

constexpr auto kLongestGoodbye = 5s;

Channel plain_channel(UniqueFd fd, const TcpOptions& settings) {
  set_tcp_options(fd.value(), settings);
  return {std::move(fd), nullptr};
}

}  // namespace

// Given back at login.
struct ClientLink::BeforeSession {
  wire::StartupReader reader;
  SocketAddress peer;
  bool has_direct_tls = false;
  wire::StartupMessage startup = {};
  std::optional<login::ClientLoginFacts> facts = {};  // while the secret is looked up
  bool was_looked_up = false;
  std::optional<login::ClientLogin> login = {};
  login::ServerCredential credential = {};
  std::string early = {};  // what came after the login's last message
};

ClientLink::ClientLink(LoopParts& parts, Owner& owner, WorkerConfigPtr config, Accepted accepted, SessionId id)
    : parts_(parts),
      owner_(owner),
      config_(std::move(config)),
      id_(id),
      host_(host_text(accepted.peer)),
      port_(port_of(accepted.peer)),
      connected_at_(wall_now()),
      link_(parts.reactor, plain_channel(std::move(accepted.fd), config_->client_tcp), *this),
      timer_(parts.reactor.timers(), [this] { on_timer(); }) {
  const bool offers_tls = config_->tls_server != nullptr && !accepted.peer.is_unix();
  before_ = std::make_unique<BeforeSession>(
      BeforeSession{wire::StartupReader({.has_tls = offers_tls}), accepted.peer});
  if (config_->client_login_timeout.count() > 0)
    timer_.set(parts_.reactor.now() + config_->client_login_timeout);
}

ClientLink::~ClientLink() = default;

const wire::StartupMessage& ClientLink::startup() const { return before_->startup; }
const login::ServerCredential& ClientLink::credential() const { return before_->credential; }

void ClientLink::on_link_readable() {
  // A TLS handshake that begins at once must be left to OpenSSL, which reads from the descriptor itself.
  if (state_ == State::negotiating && !has_tls() && begins_with_tls()) return;
  const ReadResult read = link_.read(parts_.buffer);
  if (read.status == ReadStatus::nothing_yet) return;
  if (read.status != ReadStatus::bytes) {
    if (state_ == State::closing) return close_now();
    return owner_.on_client_gone(*this, read.why);
  }
  const Bytes bytes(parts_.buffer.data(), read.size);
  switch (state_) {
    case State::active: return owner_.on_client_bytes(*this, bytes);
    case State::negotiating: return negotiate(bytes);
    case State::logging_in: return log_in(bytes);
    case State::waiting: before_->early.append(bytes.data(), bytes.size()); return link_.pause_reading();
    case State::closing: return;
  }
}

bool ClientLink::begins_with_tls() {
  char first = 0;
  if (link_.peek(std::span(&first, 1)) == 0) return false;
  constexpr char kTlsHandshake = 0x16;
  if (first != kTlsHandshake) return false;
  Bytes input(&first, 1);
  wire::StartupAction action = before_->reader.step(input);
  act_on(action, {});
  return true;
}

void ClientLink::negotiate(Bytes input) {
  for (;;) {
    wire::StartupAction action = before_->reader.step(input);
    if (!act_on(action, input)) return;
  }
}

bool ClientLink::act_on(wire::StartupAction& action, Bytes rest) {
  return std::visit(
      Overloaded{[](wire::StartupPending) { return false; },
                 [this](wire::StartTls) {
                   link_.write(as_bytes("S"));
                   start_tls();
                   return false;
                 },
                 [this](wire::DirectTls) {
                   before_->has_direct_tls = true;
                   start_tls();
                   return false;
                 },
                 [this](wire::Answer answer) {
                   link_.write(Bytes(&answer.byte, 1));
                   return true;
                 },
                 [this](wire::Cancel& cancel) {
                   state_ = State::waiting;
                   owner_.on_cancel_request(*this, std::move(cancel.key));
                   return false;
                 },
                 [this](wire::Refuse& refusal) {
                   std::string out;
                   refusal.is_old_client ? wire::append_old_error(out, refusal.error)
                                         : wire::append_error(out, refusal.error);
                   link_.write(as_bytes(out));
                   close_after_flush();
                   return false;
                 },
                 [this](wire::Drop& drop) {
                   parts_.log.debug("client dropped before login from={} why=\"{}\"", host_, to_text(drop.error));
                   close_after_flush();
                   return false;
                 },
                 [this, rest](wire::StartupMessage& startup) {
                   begin_login(std::move(startup), rest);
                   return false;
                 }},
      action);
}

void ClientLink::start_tls() { link_.start_tls(config_->tls_server->accept_on(link_.fd())); }

void ClientLink::on_tls_ready(bool succeeded, std::string why) {
  if (!succeeded || (before_->has_direct_tls && !has_postgresql_alpn(link_.tls()))) {
    parts_.log.info("TLS handshake with client failed from={} why=\"{}\"", host_, succeeded ? "no ALPN" : why);
    return close_now();
  }
  before_->reader.tls_started();
}

void ClientLink::begin_login(wire::StartupMessage startup, Bytes rest) {
  state_ = State::logging_in;
  before_->startup = std::move(startup);
  if (const auto refusal = owner_.refusal(*this)) return refuse(*refusal);
  if (config_->requires_tls && !has_tls() && !before_->peer.is_unix())
    return refuse({ErrorCode::hba_rejected, "TLS is required"});
  if (!config_->needs_client_names || before_->peer.is_unix()) return choose_method(std::nullopt, rest);
  before_->early.assign(rest.data(), rest.size());
  state_ = State::waiting;
  owner_.find_name(*this);
}

void ClientLink::on_name_found(std::optional<std::string> name) {
  if (state_ != State::waiting) return;  // its time was up
  state_ = State::logging_in;
  link_.resume_reading();
  const std::string early = std::exchange(before_->early, {});
  choose_method(std::move(name), as_bytes(early));
}

void ClientLink::choose_method(std::optional<std::string> name, Bytes rest) {
  login::ClientLoginFacts facts =
      config_->judge_login({before_->startup, before_->peer, has_tls(), before_->peer.is_unix() && is_our_own_user(), std::move(name)});
  facts.user = before_->startup.user;
  facts.database = before_->startup.database;
  facts.host = host_;
  facts.is_replication = before_->startup.replication != wire::Replication::none;
  facts.has_tls = has_tls();
  if (has_tls()) {
    facts.tls_binding = config_->tls_server->binding();
    facts.certificate_name = peer_common_name(link_.tls());
  }
  fill_random(facts.md5_salt);
  fill_random(facts.scram_nonce);
  if (!facts.asks_auth_query) return start_login(std::move(facts), rest);
  before_->facts = std::move(facts);
  before_->early.assign(rest.data(), rest.size());
  state_ = State::waiting;
  owner_.find_secret(*this);
}

void ClientLink::on_secret_found(const Result<login::StoredSecret>& secret) {
  if (state_ != State::waiting) return;  // its time was up
  if (!secret) return refuse(secret.error());
  state_ = State::logging_in;
  link_.resume_reading();
  before_->facts->secret = *secret;
  before_->was_looked_up = true;
  const std::string early = std::exchange(before_->early, {});
  start_login(*std::exchange(before_->facts, {}), as_bytes(early));
}

void ClientLink::start_login(login::ClientLoginFacts facts, Bytes rest) {
  std::string out;
  wire::append_negotiation(out, before_->startup);
  before_->login.emplace(std::move(facts));
  login::ClientLoginStep step = before_->login->start(out);
  take(std::move(step), rest, std::move(out));
}

void ClientLink::log_in(Bytes input) {
  std::string out;
  login::ClientLoginStep step = before_->login->step(input, out);
  take(std::move(step), input, std::move(out));
}

void ClientLink::take(login::ClientLoginStep step, Bytes rest, std::string out) {
  link_.write(as_bytes(out));
  if (auto* failed = std::get_if<login::ClientLoginFailed>(&step)) {
    parts_.log.info("client refused from={} user=\"{}\" db=\"{}\" why=\"{}\" detail=\"{}\"", host_,
                    before_->startup.user, before_->startup.database, failed->error.message, failed->log_detail);
    if (before_->was_looked_up) owner_.distrust_secret(*this);
    return refuse(failed->error);
  }
  if (auto* done = std::get_if<login::ClientLoginDone>(&step)) {
    before_->credential = std::move(done->credential);
    before_->early.assign(rest.data(), rest.size());
    state_ = State::waiting;
    return done->needs_server_check ? owner_.check_by_server(*this) : owner_.on_logged_in(*this);
  }
  if (!rest.empty()) log_in(rest);
}

void ClientLink::on_server_checked(const OpenFailure* failure) {
  if (failure == nullptr) return owner_.on_logged_in(*this);
  if (const auto* error = std::get_if<Error>(&failure->error)) return refuse(*error);
  std::string out;
  wire::append_error(out, std::get<wire::ServerError>(failure->error));
  link_.write(as_bytes(out));
  close_after_flush();
}

std::string ClientLink::start_session(ClientIdentity identity, Surroundings& surroundings) {
  std::string out;
  wire::append_authentication_ok(out);
  link_.write(as_bytes(out));
  const SessionOptions& options = options_of(identity);
  session_.emplace(std::move(identity), options, surroundings);
  return become_active();
}

const SessionOptions& ClientLink::options_of(const ClientIdentity& identity) {
  const Settings& settings = *config_->settings;
  if (settings.find_database(identity.database) == nullptr && settings.find_user(identity.user) == nullptr)
    return config_->session;
  own_options_ = std::make_unique<const SessionOptions>(session_options_of(settings, identity.database, identity.user));
  return *own_options_;
}

std::string ClientLink::start_relay() {
  std::string out;
  wire::append_authentication_ok(out);
  link_.write(as_bytes(out));
  return become_active();
}

std::string ClientLink::become_active() {
  std::string early = std::move(before_->early);
  before_.reset();
  state_ = State::active;
  timer_.set({});
  link_.resume_reading();
  return early;
}

void ClientLink::refuse(const Error& error) {
  std::string out;
  wire::append_error(out, error, Severity::fatal);
  link_.write(as_bytes(out));
  close_after_flush();
}

void ClientLink::close_after_flush() {
  if (state_ == State::closing) return;
  state_ = State::closing;
  if (link_.unsent() == 0) return close_now();
  link_.resume_reading();  // only to notice when the client goes
  timer_.set(parts_.reactor.now() + kLongestGoodbye);
}

void ClientLink::close_now() {
  if (is_gone_) return;
  is_gone_ = true;
  state_ = State::closing;
  timer_.set({});
  link_.pause_reading();
  owner_.on_client_closed(*this);
}

void ClientLink::on_link_drained() {
  if (state_ == State::closing) return close_now();
  if (state_ == State::active) owner_.on_client_drained(*this);
}

void ClientLink::on_link_hung_up() {
  if (state_ == State::closing) return close_now();
  owner_.on_client_gone(*this, "connection reset");
}

void ClientLink::on_timer() {
  switch (state_) {
    case State::active: return owner_.on_client_tick(*this);
    case State::closing: return close_now();
    case State::negotiating:
    case State::logging_in:
    case State::waiting:
      return refuse({ErrorCode::login_timeout, "canceling authentication due to timeout"});
  }
}

}  // namespace howdah
