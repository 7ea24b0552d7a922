// Where each standby receives its WAL from: reads it, stops it, points it elsewhere, by SQL steps on the standby. The
// coordinator says what it wants of each; this part sends the steps one after the other and repeats what failed.
// Everything can be repeated: a step that was done already changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/actions.hpp"
#include "base/log.hpp"
#include "failover/actions.hpp"
#include "failover/failover_options.hpp"
#include "failover/step_desk.hpp"
#include "health/health_options.hpp"

namespace howdah::failover {

// Whether a standby hears its primary is found out by making its WAL receiver ping: it does so when it has heard nothing
// for half of wal_receiver_timeout, and gives up after all of it.
struct Ping {
  Instant since = {};       // when the standby was told
  Duration after = {};      // of silence: it pings
  Duration patience = {};   // after the ping: silence counts
};

class Sources {
 public:
  Sources(StepDesk& desk, Log& log) : desk_(desk), log_(log) {}

  // What is wanted of a standby; replaces what was wanted before.
  // Make its WAL receiver ping the primary, which it last heard `age` ago. Who is still to be asked after that has heard it,
  // and is asked again with more patience.
  void want_asked(NodeId standby, Duration age, const Ping& first, Instant now);
  void want_calm(NodeId standby);    // put back what was changed to make it ping; nothing else was wanted of it
  void want_known(NodeId standby);   // only know where it receives from, as the other wishes must
  void want_frozen(NodeId standby);  // stop receiving
  // Receive from `primary`. `is_repair`: only if it was left frozen, or points at another node of ours.
  void want_following(NodeId standby, const health::NodeOptions& primary, bool is_repair);

  void advance(const std::vector<health::NodeOptions>& nodes, Duration limit, Instant now, Actions<Action>& out);
  // True if the step was one of these.
  bool on(const SqlDone& done, Instant now);
  std::optional<Instant> next_deadline() const;
  void forget();             // all wishes; steps under way end unheard
  void forget(NodeId standby);
  // It receives from nobody any more. When it is a standby again it has been told nothing; only what is to be put back is kept.
  void note_primary(NodeId node);

  std::optional<Ping> ping_of(NodeId standby) const;       // in force
  bool is_idle() const { return standbys_.empty(); }       // nothing is wanted of anybody
  bool is_touched(NodeId standby) const { return standbys_.contains(standby); }  // since it was forgotten
  std::optional<Instant> frozen_at(NodeId standby) const;  // since when it is known to be told
  bool is_done(NodeId standby) const;                      // nothing is left to do of what is wanted
  std::string trouble_of(NodeId standby) const;            // the last error; empty if none

 private:
  enum class Wish { known, asked, calm, frozen, following };
  struct Standby {
    Wish wish = Wish::asked;
    health::NodeOptions target = {};
    bool is_repair = false;
    std::optional<std::string> conninfo = {};  // may hold a password
    std::string slot = {};
    bool is_slot_made = false;
    Duration receiver_timeout = {};  // before Howdah changed it
    Duration sent_timeout = {};
    Ping ping = {};
    Duration asked_again_after = {};
    bool is_asked = false;  // the ping is in force
    bool is_timeout_changed = false;
    std::optional<Instant> frozen_at = {};
    std::optional<StepId> step = {};
    SqlStep sent = SqlStep::read_source;
    std::string sent_conninfo = {};
    Instant retry_at = {};
    std::string trouble = {};
    bool is_done = false;
  };

  void send_next(NodeId id, Standby& standby, const std::vector<health::NodeOptions>& nodes, Duration limit, Instant now,
                 Actions<Action>& out);
  void send(NodeId on, Standby& standby, SqlStep step, std::vector<std::string> statements, Duration limit, Instant now,
            Actions<Action>& out);
  void send_follow(NodeId id, Standby& standby, const std::vector<health::NodeOptions>& nodes, Duration limit,
                   Instant now, Actions<Action>& out);
  void put_timeout_back(NodeId id, Standby& standby, Duration limit, Instant now, Actions<Action>& out);
  void take_result(NodeId id, Standby& standby, const SqlDone& done, Instant now);

  StepDesk& desk_;
  Log& log_;
  std::map<NodeId, Standby> standbys_;
};

}  // namespace howdah::failover
