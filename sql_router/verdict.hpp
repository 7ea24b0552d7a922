// Why a statement goes where it goes. One row per reason in verdict.cpp: its name stands in logs, metrics and EXPLAIN
// ROUTE, its sentence is what an operator reads. Reasons above `read` come from the text alone (traits), those below from
// the session, the cluster and the settings (router).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace howdah {

enum class RouteReason : std::uint8_t {
  // keep in the order of kReasonTable
  gateway_command,
  unparsable,
  too_long,
  too_deep,
  write,
  locks_rows,
  primary_only,
  session_state,
  several_with_transaction,
  pattern,
  comment,
  listed_write_function,
  not_in_read_only_list,
  unknown_function,
  volatile_function,
  node_local_function,
  system_catalog,
  node_local_relation,
  node_local_setting,
  unknown_relation,
  sequence_value,
  unlogged_table,
  foreign_table,
  refused_by_replica,
  read,
  pinned,
  pinned_node_lost,
  transaction_node,
  explicit_transaction,
  read_only_transaction,
  transaction_read,
  serializable,
  load_balance_off,
  wrote_before,
  read_your_writes,
  global_consistency,
  min_lsn,
  replica_lag,
  no_usable_replica,
  only_replica_left,
  behind_others,
  no_node,
  no_primary,
};

struct ReasonRow {
  RouteReason reason;
  std::string_view name;
  std::string_view sentence;
};

std::span<const ReasonRow> reason_table();
const ReasonRow& row_of(RouteReason reason);

// What the text alone says.
struct Verdict {
  bool may_use_replica = false;  // it provably only reads, and nothing about it is node-local
  bool may_write = true;         // unproven counts as writing: a read after it must not miss it
  RouteReason reason = RouteReason::unparsable;  // `read` if a replica may run it, else why not
  std::string because = {};      // the function, relation, setting or pattern behind the reason; may be empty
  bool operator==(const Verdict&) const = default;
};

}  // namespace howdah
