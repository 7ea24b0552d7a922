// The decision: which node runs a statement, and why. A pure function of the statement's traits, the session's facts,
// one cluster view and the options; the session machine calls it on its worker each time it needs a server connection.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/lsn.hpp"
#include "base/rng.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/routing_options.hpp"
#include "sql_router/traits.hpp"
#include "sql_router/verdict.hpp"

namespace howdah {

// What the session knows about itself when the statement arrives.
struct SessionFacts {
  bool in_transaction = false;                      // an explicit one, also when its BEGIN is still held back
  std::optional<NodeId> transaction_node = {};      // where it is open; nothing while BEGIN is held back
  bool transaction_is_read_only = false;
  bool transaction_is_serializable = false;
  bool transaction_may_visit_standby = false;       // READ COMMITTED, only read so far, this statement is known in full
  bool transaction_may_move = false;                // it is open on a standby and can begin anew on the primary
  bool default_is_serializable = false;             // default_transaction_isolation of the session
  bool default_is_read_only = false;                // default_transaction_read_only of the session

  std::optional<NodeId> pinned_node = {};
  std::optional<PinReason> pin_reason = {};
  std::optional<NodeId> load_balance_node = {};     // the session's draw, from Decision::drawn; kept for its lifetime

  std::string_view user = {};
  std::string_view database = {};
  std::string_view application_name = {};           // of the startup packet

  bool has_written = false;                         // ever, for disable_load_balance_on_write = always
  bool has_written_in_transaction = false;          // an explicit one, ever: for trans_transaction
  const WrittenObjects* written_objects = nullptr;  // for dml_adaptive
  std::optional<Instant> wrote_at = {};             // when the newest write was acknowledged
  std::optional<Lsn> read_bound = {};               // bound_from() once it has an answer; forget it at the next write

  std::optional<ReadConsistency> read_consistency = {};  // set by the session; nothing: as configured
  std::optional<Lsn> min_lsn = {};                  // howdah.min_lsn: a token the client brought
  std::optional<Instant> anyone_wrote_at = {};      // the newest write acknowledged to any client, at most; nothing: not known
  std::optional<Lsn> global_bound = {};             // bound_from() it, once it has an answer
};

struct Decision {
  std::optional<NodeId> node = {};  // nothing: wait (no_primary, no_node), answer (gateway_command) or end the session
                                    // (pinned_node_lost)
  RouteReason reason = RouteReason::no_primary;
  std::string_view because = {};    // the function, relation ... behind the reason, lent by the traits; may be empty
  std::optional<NodeId> drawn = {};   // the session's load balance node from now on; nothing: leave it as it is
  std::optional<Lsn> read_bound = {}; // the position that holds the session's writes; to be remembered
  std::optional<Lsn> global_bound = {};  // the same for anyone's writes; to be remembered with anyone_wrote_at
  std::optional<Lsn> position = {};   // what a replica must have replayed for this statement; nothing: see is_position_needed
  bool is_position_needed = false;    // and if there is none, it is not known yet

  // The statement needs the primary, but its READ ONLY transaction runs on a replica (`node`) that it cannot leave, where it
  // would be answered differently without an error (an advisory lock, a node-local view). The session may not just send it.
  bool is_misplaced = false;
};

Decision decide(const Traits& traits, const SessionFacts& facts, const ClusterView& view, const RoutingOptions& options,
                Rng& rng);

// Read-your-writes: the position that holds everything acknowledged before `wrote_at`, as soon as the monitor has asked
// the primary after it. Nothing before that: reads stay on the primary.
std::optional<Lsn> bound_from(const ClusterView& view, Instant wrote_at);

// Whether `node` may answer a read that must see `bound`: it replayed it, on the primary's timeline.
bool has_replayed(const ClusterView& view, const NodeView& node, Lsn bound);

// Whether every usable standby has: the session may then forget wrote_at and read_bound.
bool have_all_replayed(const ClusterView& view, Lsn bound);

// What the text says, and the one thing in it that a client can switch off (allow_sql_comments).
inline bool may_use_replica(const Traits& traits, const RoutingOptions& options) {
  return traits.verdict.may_use_replica && (options.allow_sql_comments || !traits.has_no_load_balance);
}

// In a READ ONLY transaction: a standby would not refuse it as the primary does, and answer otherwise.
bool differs_on_standby(const Traits& traits);

// It only reads, and nothing that holds for the whole transaction (its time, settings, savepoints, cursors) is touched: at READ
// COMMITTED the transaction may have had it on another server than the rest.
bool leaves_nothing_behind(const Traits& traits);

// A pipelined batch goes to one node: the traits that decide for all. `batch` is not empty. `otherwise`: the consistency
// of statements that do not tell their own. `written`: by the session, for dml_adaptive.
const Traits& combine(std::span<const Traits* const> batch, const RoutingOptions& options, ReadConsistency otherwise,
                      const WrittenObjects& written);

}  // namespace howdah
