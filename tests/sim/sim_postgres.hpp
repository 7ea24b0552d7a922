// A PostgreSQL server as far as failover can tell: role, timeline, WAL as a list of records, a WAL receiver that follows
// another server, and the ways it can fail. Virtual time; moved along by World.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/lsn.hpp"
#include "health/events.hpp"

namespace howdah::sim {

// One commit. Records are compared, so that histories that went apart are seen.
struct WalRecord {
  std::uint64_t write = 0;  // of the client's write; 0: the server's own
  std::uint32_t timeline = 1;
  std::uint64_t xid = 0;    // of its transaction; a promoted server goes on where it has got to
  friend bool operator==(const WalRecord&, const WalRecord&) = default;
};

enum class Life {
  running,
  dead,        // connections are refused
  frozen,      // connections are accepted, nothing is answered
  starting,    // 57P03
  recovering,  // one backend crashed: "in recovery mode"
};

struct SimPostgres {
  int id = 0;
  Life life = Life::running;
  bool in_recovery = true;
  bool is_read_only = false;
  bool is_fenced = false;  // by Howdah, as a false primary
  std::uint32_t timeline = 1;
  std::uint32_t control_timeline = 1;  // of the last checkpoint: late after a promotion, for minutes
  std::uint64_t system_identifier = 7000;
  std::vector<WalRecord> wal;
  std::uint64_t given_xids = 0;  // to transactions that may never commit
  Lsn forked_at = {};            // where the last promotion found it
  std::string synchronous_names = {};
  std::size_t replayed = 0;  // records; a primary has replayed all
  std::string conninfo;
  int source = -1;  // the node it names
  Duration receiver_timeout = 60s;

  bool is_receiving = false;
  int sender = -1;
  Instant receiving_since{};
  Instant reconnect_at{};
  Instant running_since{};  // without being frozen
  Instant heard_at{};  // the WAL receiver's last message
  Duration latency = 1ms;
  std::optional<Instant> back_at = {};      // starting or recovering ends
  std::optional<Instant> promoted_at = {};  // a promotion takes effect
  std::optional<Lsn> shut_down_at = {};     // dead, but stopped in order: its last checkpoint
  int open_transactions = 0;
  std::uint64_t generation = 0;  // grows when every client is thrown out

  bool answers() const { return life == Life::running; }
  bool is_primary() const { return !in_recovery; }
  Lsn position() const { return Lsn{0x1000 + wal.size() * 8}; }
  Lsn replay_position() const { return Lsn{0x1000 + (in_recovery ? replayed : wal.size()) * 8}; }
  // May follow `other`: everything here is also there.
  bool is_prefix_of(const SimPostgres& other) const;
  bool has_write(std::uint64_t write) const;
  bool has_xid(std::uint64_t xid) const;
  std::uint64_t next_xid() const;
  void promote();
  health::ProbeResult probe(Instant now, const std::vector<SimPostgres>& all) const;
};

}  // namespace howdah::sim
