// synchronous_standby_names: what an operator wrote, and what it has to be on whoever is primary now. The value names
// standbys, so after a promotion it is wrong: the new primary would wait for itself, and not for the old one.
// Rules without memory, and a part of the coordinator that keeps what was wished and sends the steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "conf/enums.hpp"
#include "failover/actions.hpp"
#include "failover/step_desk.hpp"
#include "health/role_detector.hpp"
#include "health/tracker.hpp"

namespace howdah::failover {

// PostgreSQL manual, "synchronous_standby_names".
struct SynchronousWish {
  bool is_any = false;  // ANY; else FIRST, by priority
  int count = 0;        // of standbys that must confirm
  std::vector<std::string> names = {};  // `*` among them: any standby

  friend bool operator==(const SynchronousWish&, const SynchronousWish&) = default;
};
std::optional<SynchronousWish> parse_synchronous(std::string_view text);  // nothing: empty, or cannot be read
std::string to_text(const SynchronousWish& wish);                          // "" for a count of 0

// For the primary `own`. `available`: of the names only those that stream, and no more than there are.
SynchronousWish adapt(const SynchronousWish& wish, std::string_view own, const std::vector<std::string>& streaming,
                      SynchronousPolicy policy);

class SynchronousNames {
 public:
  SynchronousNames(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  void restore(std::string_view wish) { wish_ = parse_synchronous(wish); }
  std::string wish() const { return wish_ ? to_text(*wish_) : std::string{}; }

  // How many of the standbys that may hold an acknowledged commit must take part in an election, and how many do: an
  // objection in words if they are too few.
  std::optional<std::string> object_to_promotion(const std::vector<health::NodeFacts>& nodes,
                                                 const health::KnownPrimary& known, SynchronousPolicy policy) const;
  // Before the promotion of `winner`: nothing may be acknowledged under the old value. True when it may go on.
  bool prepare(const health::NodeFacts& winner, SynchronousPolicy policy, Duration limit, Instant now,
               Actions<Action>& out);
  // While `primary` is in office.
  void keep(const health::NodeFacts& primary, const std::vector<health::NodeFacts>& nodes, SynchronousPolicy policy,
            Duration limit, Instant now, Actions<Action>& out);
  // True if the step was one of these.
  bool on(const SqlDone& done, Instant now);

 private:
  void send(NodeId node, std::string names, Duration limit, Instant now, Actions<Action>& out);
  void take_wish(const health::NodeFacts& primary);

  StepDesk& desk_;
  Log& log_;
  std::optional<SynchronousWish> wish_;  // names every node that took part, also the primary
  std::optional<StepId> step_;
  std::string sent_;
  std::optional<NodeId> owner_;  // whose value is ours, or was taken as the wish
  std::string set_;              // on the owner
  Instant set_at_{};
  Instant retry_at_{};
  std::string trouble_;
};

}  // namespace howdah::failover
