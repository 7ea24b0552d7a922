// A PostgreSQL server as far as failover can tell: role, timeline, WAL as a list of records, a WAL receiver that follows
// another server, and the ways it can fail. Virtual time; moved along by World.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/lsn.hpp"
#include "health/events.hpp"
#include "tests/sim/sim_table.hpp"

namespace howdah::sim {

// One commit.
struct WalRecord {
  std::uint64_t write = 0;  // of the client's write; 0: the server's own
  std::uint32_t timeline = 1;
  std::uint64_t xid = 0;    // of its transaction; a promoted server goes on where it has got to
  std::vector<Change> changes = {};
  std::uint64_t history = 0;       // of everything up to here, so that histories that went apart are seen
  std::uint64_t newest_xid = 700;  // the same: in everything up to here
};

class Wal {
 public:
  void push_back(WalRecord record);
  std::size_t size() const { return records_.size(); }
  const WalRecord& back() const { return records_.back(); }
  const WalRecord& operator[](std::size_t index) const { return records_[index]; }
  auto rbegin() const { return records_.rbegin(); }
  auto rend() const { return records_.rend(); }
  // Everything here is also there.
  bool is_prefix_of(const Wal& other) const;

 private:
  std::vector<WalRecord> records_;
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
  Wal wal = {};
  std::uint64_t given_xids = 0;  // to transactions that may never commit
  std::set<std::uint64_t> open_xids = {};
  std::uint64_t starts = 0;
  std::uint64_t runs = 0;        // starts and crash restarts so far
  Instant began_at{};            // the newest; it accepted connections at
  Instant accepted_at{};
  std::uint64_t first_xid = 0;   // of the newest; 0: it has not been started since it is there
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
  int unacknowledged = 0;
  Duration latency = 1ms;
  Instant gone_at{};                        // dead: until then its port is open, and new connections break
  std::optional<Instant> back_at = {};      // starting or recovering ends
  std::optional<Instant> promoted_at = {};  // a promotion takes effect
  std::optional<Lsn> shut_down_at = {};     // dead, but stopped in order: its last checkpoint
  int open_transactions = 0;
  std::uint64_t generation = 0;  // grows when every client is thrown out

  double pace = 1;                // how often it receives, and replays, when it could
  bool is_replay_paused = false;  // by a long query on it
  bool is_full = false;           // refuses logins: 53300
  bool is_disk_hung = false;      // nothing is written
  std::map<std::int64_t, std::uint64_t> row_locks = {};   // by backend
  std::set<std::size_t> waiting = {};                     // records whose commit waits for synchronous standbys
  std::map<int, std::size_t> confirmed = {};              // by standby: the records it is known to have

  bool answers() const { return life == Life::running; }
  bool is_primary() const { return !in_recovery; }
  Lsn position() const { return Lsn{0x1000 + wal.size() * 8}; }
  Lsn replay_position() const { return Lsn{0x1000 + (in_recovery ? replayed : wal.size()) * 8}; }
  // May follow `other`.
  bool is_prefix_of(const SimPostgres& other) const { return wal.is_prefix_of(other.wal); }
  bool has_write(std::uint64_t write) const;
  bool has_xid(std::uint64_t xid) const;
  std::uint64_t next_xid() const;
  // What a transaction sees that begins now.
  const Tables& tables();
  // Whether the standbys that synchronous_standby_names asks for have the first `count` records.
  bool is_confirmed(std::size_t count) const;
  // Commits that wait no longer.
  void release_confirmed();
  void forget_clients();
  void begin_run(Instant began, Instant now);  // the ids of transactions that were lost are handed out again
  std::string run_name() const;
  std::string status_of(std::uint64_t xid) const;  // as pg_xact_status; empty: not given out
  void promote();
  health::ProbeResult probe(Instant now, const std::vector<SimPostgres>& all) const;
  std::size_t visible_count() const;

  Tables tables_so_far = {};  // of tables()
  std::size_t applied = 0;    // records, in these
};

}  // namespace howdah::sim
