// One client connection: the packets before login, TLS, the login itself, and from then on the bytes between socket and
// Session. It runs the procedures; what they need to know it asks its owner, the worker. What only the login needs is
// given back when it is done, because thousands of these lie idle. On one worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/io/backend_link.hpp"
#include "gateway/io/client_places.hpp"
#include "gateway/io/worker_config.hpp"
#include "gateway/login/client_login.hpp"
#include "gateway/session/session.hpp"
#include "gateway/wire/startup.hpp"

namespace howdah {

// Beyond so many unsent bytes towards one side, the other side is not read.
inline constexpr std::size_t kMostUnsent = 256 * 1024;

class ReplicationRelay;
struct PoolEntry;
struct Server;

class ClientLink final : private Link::Owner {
 public:
  class Owner {
   public:
    // Too many clients, shutting down ...: nothing means welcome. Asked before the login, not for cancel requests.
    virtual std::optional<Error> refusal(const ClientLink& client) = 0;
    virtual void on_cancel_request(ClientLink& client, wire::CancelKey key) = 0;
    // The confirmed name of its address: answer with on_name_found().
    virtual void find_name(ClientLink& client) = 0;
    // What auth_query says of its user: answer with on_secret_found().
    virtual void find_secret(ClientLink& client) = 0;
    // A login with it has failed.
    virtual void distrust_secret(ClientLink& client) = 0;
    // A password that only a server can check: answer with on_server_checked().
    virtual void check_by_server(ClientLink& client) = 0;
    // Authenticated: the session is to be made by start_session().
    virtual void on_logged_in(ClientLink& client) = 0;
    virtual void on_client_bytes(ClientLink& client, Bytes bytes) = 0;
    virtual void on_client_gone(ClientLink& client, std::string why) = 0;
    virtual void on_client_drained(ClientLink& client) = 0;
    virtual void on_client_tick(ClientLink& client) = 0;
    // Its connection is to be closed and the link destroyed; not from within the call.
    virtual void on_client_closed(ClientLink& client) = 0;

   protected:
    ~Owner() = default;
  };

  ClientLink(LoopParts& parts, Owner& owner, WorkerConfigPtr config, Accepted accepted, SessionId id);
  ~ClientLink();

  SessionId id() const { return id_; }
  const WorkerConfig& config() const { return *config_; }
  const std::string& host() const { return host_; }  // "[local]" or a numeric address
  std::uint16_t port() const { return port_; }       // 0 on a Unix-domain socket
  WallTime connected_at() const { return connected_at_; }
  bool has_tls() const { return link_.tls() != nullptr; }
  bool is_our_own_user() const { return is_peer_our_user(link_.fd()); }
  const Link& link() const { return link_; }

  // ---- during login
  const wire::StartupMessage& startup() const;
  const login::ServerCredential& credential() const;
  void on_name_found(std::optional<std::string> name);
  void on_secret_found(const Result<login::StoredSecret>& secret);
  // nullptr: the server took the password.
  void on_server_checked(const OpenFailure* failure);
  // Sends AuthenticationOk; returns what the client sent already. The owner gives the session its first events.
  std::string start_session(ClientIdentity identity, Surroundings& surroundings);
  // The same for a replication connection, which has no session: its bytes are the relay's.
  std::string start_relay();
  void refuse(const Error& error);

  // ---- with a session
  bool has_session() const { return session_.has_value(); }
  Session& session() { return *session_; }
  const Session& session() const { return *session_; }
  void write(std::span<const Bytes> pieces) { link_.write(pieces); }
  std::size_t unsent() const { return link_.unsent(); }
  void set_reading(bool wanted) { wanted ? link_.resume_reading() : link_.pause_reading(); }
  void set_deadline(std::optional<Instant> due) { timer_.set(due); }
  // What is unsent still goes out, within a bound.
  void close_after_flush();
  void close_at_once() {
    if (!is_gone_) close_now();
  }
  bool is_closing() const { return state_ == State::closing; }

  // ---- the worker's notes
  ClientPlace place;                // among the clients of its database and user
  std::unique_ptr<ReplicationRelay> relay;  // of a replication connection
  std::vector<Server*> leases;      // the server connections this client holds
  std::vector<PoolEntry*> pools;    // those it has used, so that they need not be looked up
  PoolEntry* asked = nullptr;       // where it waits for a lease
  std::vector<std::function<void()>> cancel_waiters;  // to be told when the cancel request has been served

 private:
  enum class State { negotiating, logging_in, waiting, active, closing };
  struct BeforeSession;

  void on_link_readable() override;
  void on_link_drained() override;
  void on_link_hung_up() override;
  void on_tls_ready(bool succeeded, std::string why) override;
  void on_timer();

  void negotiate(Bytes input);
  bool begins_with_tls();
  // True: the reader has more to say about the bytes at hand.
  bool act_on(wire::StartupAction& action, Bytes rest);
  void start_tls();
  void begin_login(wire::StartupMessage startup, Bytes rest);
  void choose_method(std::optional<std::string> name, Bytes rest);
  void start_login(login::ClientLoginFacts facts, Bytes rest);
  void log_in(Bytes input);
  void take(login::ClientLoginStep step, Bytes rest, std::string out);
  std::string become_active();
  void close_now();
  const SessionOptions& options_of(const ClientIdentity& identity);

  LoopParts& parts_;
  Owner& owner_;
  WorkerConfigPtr config_;
  SessionId id_;
  std::string host_;
  std::uint16_t port_;
  WallTime connected_at_;
  Link link_;
  Timer timer_;
  State state_ = State::negotiating;
  bool is_gone_ = false;  // on_client_closed was called
  std::unique_ptr<BeforeSession> before_;
  std::unique_ptr<const SessionOptions> own_options_;  // null: those of config_
  std::optional<Session> session_;
};

}  // namespace howdah
