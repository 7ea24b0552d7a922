// One logged-in connection to a PostgreSQL server, as far as decisions need to know it: who it is logged in as, what it
// owes, what it has been told to remember. The worker owns it together with its socket. A session may use it only
// between LeaseGranted and ReturnLease (or ServerGone); in between it belongs to the pool, which feeds what the server
// says to absorb(). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/ids.hpp"
#include "base/instant.hpp"
#include "gateway/pool/pool_key.hpp"
#include "gateway/session/prepared_names.hpp"
#include "gateway/session/reply_ledger.hpp"
#include "gateway/session/reset_query.hpp"
#include "gateway/session/startup_settings.hpp"
#include "gateway/wire/frame.hpp"
#include "gateway/wire/parameter_status.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah {

// What absorb() found the connection to be.
enum class BackendHealth : std::uint8_t {
  settled,  // may be given to anybody
  owing,    // answers are still to come (a reset is under way)
  broken,   // said something it must not, or a FATAL error: close it
};

// Owners of the values sequences have left in a connection.
constexpr SessionId kNoSession{0};
constexpr SessionId kSeveralSessions{~std::uint64_t{0}};

struct Backend {
  BackendId id;
  PoolKey key;
  wire::CancelKey cancel_key;  // BackendKeyData
  Instant created_at = {};

  wire::ParameterSet reported;           // its ParameterStatus messages
  CarriedSettingsPtr applied = nullptr;  // startup settings of the last user in force; null: none
  PreparedNames prepared;                // statements of ours it knows
  std::map<std::string, std::uint64_t, std::less<>> names = {};  // statements it knows by clients' names; 0: made by nobody known
  SessionId sequence_owner = kNoSession;  // whose writes currval() and lastval() may tell of
  std::uint64_t unnamed_serial = 0;      // which unnamed statement it holds; 0: nobody's
  ReplyLedger ledger;
  wire::FrameScanner scanner{wire::Sender::server};
  wire::Assembler assembler;
  Fate stream_fate = Fate::forward;  // of a large message that is passed on as it comes

  NodeId node() const { return key.node; }
  bool is_reusable() const { return ledger.is_settled() && scanner.is_between_messages(); }

  // Takes what the server says while no session holds the lease: unsolicited notices and parameter changes, and the
  // answers of a reset that begin_reset() has announced.
  BackendHealth absorb(Bytes bytes);

  // The bytes to send (a Query) for running it before the next user; absorb() returns `settled` when it has been answered,
  // `broken` if it failed. Forgets what the reset undoes.
  std::string begin_reset(const ResetQuery& reset);

  // The same for a query that shows whether the server still answers, and changes nothing.
  std::string begin_check(std::string_view check_query);

 private:
  bool absorb_message(char tag, Bytes body);
};

}  // namespace howdah
