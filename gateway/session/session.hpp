// The session machine: one per logged-in client, from its welcome to its end. It decides what goes to which server
// connection, when one is wanted and when it is given back, which answers the client sees and what it is told when a
// server dies. Everything it does is in README.md, "life of a query".
// A reactor: on() is the only way in, actions the only way out. Pure; lives on one worker and is called on its thread.
//
// Bytes in actions are borrowed: from the event's bytes, from the session, or from Backend objects; all stay valid until
// the next on() of the same session. The caller runs all actions in order, then flushes each touched socket once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/actions.hpp"
#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "gateway/session/backend.hpp"
#include "gateway/session/close_reason.hpp"
#include "gateway/session/console_role.hpp"
#include "gateway/session/session_options.hpp"
#include "gateway/session/session_settings.hpp"
#include "gateway/session/session_state.hpp"
#include "gateway/session/startup_settings.hpp"
#include "gateway/session/surroundings.hpp"
#include "gateway/session/text_table.hpp"
#include "gateway/wire/server_messages.hpp"
#include "health/commit_doubt.hpp"

namespace howdah {

// How a server connection was lost, for the node's detector.
enum class NodeFailure : std::uint8_t {
  closed,       // end of stream without a word
  reset,        // the operating system reported an error
  timed_out,    // no sign of life
  shut_down,    // the server said so (57P01 admin shutdown, 57P02 crash, 57P03 cannot connect now)
  misbehaved,   // it broke the protocol
};

namespace session {

// ---- what happens to a session ----
struct LoggedIn {};              // the first event: AuthenticationOk has been sent
struct ClientBytes {             // all of it is consumed; the session copies what must wait
  Bytes bytes;
};
struct ClientGone {};            // the connection ended
struct LeaseGranted {
  Backend* backend;
};
struct LeaseRefused {
  NodeId node;
  Error error;                   // pool_wait_timeout, backend_login_failed, backend_connection_lost ...
  std::string server_error = {}; // body of the server's ErrorResponse, when its own words refused the login
};
struct ServerBytes {             // of a leased backend; all of it is consumed
  Backend* backend;
  Bytes bytes;
};
struct ServerGone {              // the leased backend is dead; the session does not touch it again
  Backend* backend;
  NodeFailure failure;
};
struct ViewChanged {};           // Surroundings::view is a newer one
struct LocalAnswer {             // to AskLocal
  Result<TextTable> table;
};
struct CommitFate {              // to LookUpCommit
  CommitOutcome outcome;
};
struct CancelAsked {};           // a CancelRequest with this client's key
struct Tick {};                  // next_deadline() has come
struct ShutDown {};              // end when the client's current transaction ends; at once if there is none
struct Evicted {                 // an operator ends it, whatever it is doing
  Error error;
};

using Event = std::variant<LoggedIn, ClientBytes, ClientGone, LeaseGranted, LeaseRefused, ServerBytes, ServerGone,
                           ViewChanged, LocalAnswer, CommitFate, CancelAsked, Tick, ShutDown, Evicted>;

// ---- what a session wants done, in this order ----
enum class LeaseEnd : std::uint8_t {
  clean,     // Backend::is_reusable() holds
  reset,     // it owes nothing, but carries this client's state: run server_reset_query before the next user
  close,     // it must not be used again
};

struct ToClient {
  Bytes bytes;
};
struct ToServer {
  Backend* backend;
  Bytes bytes;
};
struct WantLease {               // answered by LeaseGranted or LeaseRefused, unless ForgetLease comes first
  NodeId node;
};
struct ForgetLease {};           // the wanted lease is not wanted any more
struct ReturnLease {
  Backend* backend;
  LeaseEnd end;
};
struct AskLocal {                // a command for Howdah itself; answered by LocalAnswer. The text is one command
  std::string command;
  SettingsPtr settings;          // as the session has changed them; null: it has not
};
struct WithdrawLocal {};         // of the console: the command that waits is not wanted any more; it still gets its LocalAnswer
struct LookUpCommit {            // its answer died with its server; answered by CommitFate within `limit`
  CommitDoubt doubt;
  Duration limit;
};
struct ReportNode {              // evidence from live traffic
  NodeId node;
  NodeFailure failure;
};
struct SendCancel {              // open a cancel connection for what this backend is doing
  Backend* backend;
};
struct WantPosition {};          // let the monitor ask the primary now; a newer view follows
struct CloseClient {             // flush what was sent, then close. The last action of a session
  CloseReason reason;
};

using Action = std::variant<ToClient, ToServer, WantLease, ForgetLease, ReturnLease, AskLocal, WithdrawLocal, LookUpCommit,
                            ReportNode, SendCancel, WantPosition, CloseClient>;

}  // namespace session

// Who logged in.
struct ClientIdentity {
  SessionId id;
  std::string database;             // as the client calls it
  std::string user;                 // on the servers
  CarriedSettingsPtr settings;      // null: none
  SessionSettings own_settings = {};  // of the gateway itself
  std::string application_name;     // of the startup packet
  wire::CancelKey cancel_key;       // what the client is told
  ConsoleRole console = ConsoleRole::none;  // anything else: a client of the console
  std::string login_user = {};      // who logged in, for reports
};

class ConsoleSession;  // for clients of the console
class SessionCore;     // for all others: the parts of the machine, in their own files

// What a session is about, for reports.
struct SessionActivity {
  std::optional<Instant> busy_since = {};     // a statement is being served
  std::optional<Instant> waiting_since = {};  // it waits for a server connection
  std::size_t prepared = 0;                   // statements of the protocol the client has
};

class Session {
 public:
  // `options` and `surroundings` outlive the session.
  Session(ClientIdentity identity, const SessionOptions& options, Surroundings& surroundings);
  ~Session();
  Session(Session&&) noexcept;

  void on(const session::Event& event, Instant now, Actions<session::Action>& out);

  // False while the session has as much to keep as it will take: read no more from the client.
  bool wants_client_bytes() const;
  // When it wants Tick.
  std::optional<Instant> next_deadline() const;

  SessionState state() const;
  const ClientIdentity& identity() const;
  const Backend* backend() const;                // the one it holds; nullptr: none
  std::optional<PinReason> pin_reason() const;   // why it keeps it
  bool is_in_transaction() const;
  std::optional<NodeId> load_balance_node() const;  // drawn for its reads
  const std::string& last_statement() const;        // sent to a server; a long one is cut
  std::optional<Instant> idle_since() const;        // nothing: a statement is being served
  SessionActivity activity() const;

 private:
  std::unique_ptr<SessionCore> core_;        // one of the two
  std::unique_ptr<ConsoleSession> console_;
};

}  // namespace howdah
