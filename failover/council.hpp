// This gateway's part among several (failover/quorum.hpp has the rules): says what it sees, takes the lock for one
// failover, claims the office for the node that is to be promoted, and knows when it must not write. Like the
// coordinator, whose part it is, it repeats and never assumes: what a request to etcd was to bring about is looked for in
// the next reading. Without etcd_endpoints it is disabled and permits everything. Pure.
//
// Writing is declared before it begins: a gateway tells that it writes to a node, and sends nothing until it has read
// this back without finding a lock against the node. Who wants to promote takes the lock and then reads who writes. So
// one of the two always sees the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/failover_options.hpp"
#include "failover/quorum.hpp"

namespace howdah::failover {

class Council {
 public:
  explicit Council(Log& log) : log_(log) {}

  void reconfigure(CouncilOptions options) { options_ = std::move(options); }
  void on(const CouncilSeen& seen);

  bool is_enabled() const { return options_.is_enabled; }
  bool has_spoken() const { return !is_enabled() || has_spoken_; }  // also when etcd could not be reached
  const std::optional<OfficeRow>& office() const { return office_; }

  // What the coordinator wants in this turn; what it does not want again is given up.
  void begin_turn(Instant now);
  void want_lock(LockPurpose purpose) { wanted_ = purpose; }
  void keep_lock();  // if this gateway has it
  void want_claim(Epoch epoch, NodeId node, TimelineId timeline);  // needs the lock
  // A node was taken into office by what the servers say: what etcd has of it is known.
  void accept();

  // Nothing if this gateway may promote now. Takes the lock once only that is missing.
  std::optional<std::string> object_to_promotion(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known);
  // Nothing if no other gateway begins transactions, or has sent what the server may not have begun. Takes the lock.
  std::optional<std::string> object_to_switchover(NodeId primary);
  bool has_lock() const;
  bool has_claimed(Epoch epoch, NodeId node) const;
  bool may_steer() const;               // give orders to servers that only one gateway should give
  bool may_ping(NodeId primary) const;

  // Somebody else than `known` is in office by agreement.
  bool is_overruled(std::optional<NodeId> known) const;
  // Why `known` must not be written to; empty if it may, as soon as it is declared.
  std::string why_no_writes(const std::vector<health::NodeFacts>& nodes, const health::KnownPrimary& known) const;
  bool has_declared(NodeId primary) const;
  bool is_declared_holding() const;  // the others may rely on it that no transaction begins here
  bool is_draining_for_other(std::optional<NodeId> known) const;
  void shape(health::RolePolicy& policy, std::optional<NodeId> known) const;

  struct Turn {
    std::optional<NodeId> known = {};
    Stance stance = Stance::waits;
    std::optional<OfficeRow> seated = {};  // certainly in office, so that etcd is to say so
    std::string servers = {};
    bool is_calm = true;
  };
  void end_turn(const Turn& turn, Actions<Action>& out);
  std::optional<Instant> next_deadline() const { return alarm_; }

 private:
  bool is_counted() const { return now_ < lease_until_; }
  bool is_reachable() const { return assembly_ && !is_away_ && is_counted(); }
  bool has_read_back() const { return read_at_ > sent_at_; }
  void tell(const Turn& turn, Actions<Action>& out);
  void settle_lock(const Turn& turn, Actions<Action>& out);
  void enter_office(const Turn& turn, Actions<Action>& out);
  void send(Action action, Actions<Action>& out);
  void watch(const Turn& turn, Actions<Action>& out);

  Log& log_;
  CouncilOptions options_;
  bool has_spoken_ = false;
  std::optional<Assembly> assembly_;  // the newest good reading
  bool is_away_ = false;              // etcd did not answer since
  std::optional<OfficeRow> office_;   // of that reading
  std::optional<Vote> declared_;      // own one of the newest reading, if it says that this gateway writes
  Instant read_at_{};
  Instant lease_until_{};
  std::int64_t accepted_revision_ = 0;  // of the office, that was followed or overtaken
  std::optional<LockPurpose> wanted_;
  std::optional<OfficeRow> claim_;
  bool is_claim_wanted_ = false;
  std::optional<Vote> told_;
  std::optional<Duration> period_;
  Instant sent_at_{};                 // the newest request whose effect may not have been read yet
  std::optional<Instant> alarm_;
  std::string told_trouble_;          // last in the log
  bool is_namesake_told_ = false;
  Instant now_{};                     // of this turn
};

}  // namespace howdah::failover
