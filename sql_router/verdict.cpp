#include "sql_router/verdict.hpp"

#include <array>
#include <cstddef>

#include "sql_router/traits.hpp"

namespace howdah {

namespace {

using enum RouteReason;

constexpr std::array kReasonTable{
    ReasonRow{gateway_command, "gateway_command", "Howdah answers this command itself"},
    ReasonRow{unparsable, "unparsable", "the text does not parse, so it may do anything"},
    ReasonRow{too_long, "too_long", "the text is longer than max_parse_size and was not parsed"},
    ReasonRow{too_deep, "too_deep", "the statement is nested too deeply, or written too oddly, to be examined"},
    ReasonRow{write, "write", "it writes, by itself or in what it calls"},
    ReasonRow{locks_rows, "locks_rows", "the statement locks rows, which a replica refuses"},
    ReasonRow{primary_only, "primary_only", "commands of this kind run on the primary"},
    ReasonRow{session_state, "session_state", "the statement changes session state, which lives on the primary"},
    ReasonRow{several_with_transaction, "several_with_transaction",
              "a string of several statements opens or ends a transaction"},
    ReasonRow{pattern, "pattern", "the text matches primary_routing_query_pattern_list"},
    ReasonRow{comment, "comment", "a comment before the statement keeps it on the primary"},
    ReasonRow{listed_write_function, "listed_write_function", "it calls a function of write_function_list"},
    ReasonRow{not_in_read_only_list, "not_in_read_only_list",
              "it calls a function that is not in read_only_function_list"},
    ReasonRow{unknown_function, "unknown_function", "it calls a function that is not known to only read"},
    ReasonRow{volatile_function, "volatile_function", "it calls a volatile function, which may do more than read"},
    ReasonRow{node_local_function, "node_local_function", "it calls a function that every node answers differently"},
    ReasonRow{system_catalog, "system_catalog", "it reads a system catalog, of which a replica may not have the newest rows"},
    ReasonRow{node_local_relation, "node_local_relation", "it reads a view that every node answers differently"},
    ReasonRow{node_local_setting, "node_local_setting", "it shows a setting that may differ from node to node"},
    ReasonRow{unknown_relation, "unknown_relation", "it reads something that is not known to be a table"},
    ReasonRow{sequence_value, "sequence_value", "it reads a sequence, whose value replicas have ahead of the primary"},
    ReasonRow{unlogged_table, "unlogged_table", "it reads an unlogged table, which replicas do not have"},
    ReasonRow{foreign_table, "foreign_table", "it reads a foreign table, whose server decides what a read does"},
    ReasonRow{refused_by_replica, "refused_by_replica", "a replica refused this text before"},
    ReasonRow{read, "read", "it only reads"},
    ReasonRow{pinned, "pinned", "the session has state on this node's connection"},
    ReasonRow{pinned_node_lost, "pinned_node_lost", "the session's state was on a node that is no longer the primary"},
    ReasonRow{transaction_node, "transaction_node", "the transaction is open on this node"},
    ReasonRow{explicit_transaction, "explicit_transaction", "the transaction was not declared READ ONLY"},
    ReasonRow{read_only_transaction, "read_only_transaction", "the transaction is READ ONLY"},
    ReasonRow{transaction_read, "transaction_read", "the transaction has only read so far, and load_balance_transactions is on"},
    ReasonRow{serializable, "serializable", "a standby cannot run SERIALIZABLE transactions"},
    ReasonRow{load_balance_off, "load_balance_off", "load_balance_mode is off"},
    ReasonRow{wrote_before, "wrote_before", "the session has written, and disable_load_balance_on_write tells to stay on the primary"},
    ReasonRow{read_your_writes, "read_your_writes", "the session's own writes may not have reached the replica yet"},
    ReasonRow{global_consistency, "global_consistency",
              "read_consistency is global, and the replica may lack a write acknowledged to somebody"},
    ReasonRow{min_lsn, "min_lsn", "the replica has not reached the position the client asked for"},
    ReasonRow{replica_lag, "replica_lag", "the replica lags more than the delay threshold"},
    ReasonRow{no_usable_replica, "no_usable_replica", "it only reads, but no replica can be used"},
    ReasonRow{only_replica_left, "only_replica_left", "there is no primary to fall back to"},
    ReasonRow{behind_others, "behind_others", "it was sent behind statements that are still being answered, to their node"},
    ReasonRow{no_node, "no_node", "no node can be used; the statement waits"},
    ReasonRow{no_primary, "no_primary", "it needs the primary and there is none; the statement waits"},
};

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kReasonTable.size(); ++i)
    if (static_cast<std::size_t>(kReasonTable[i].reason) != i) return false;
  return true;
}
static_assert(is_in_order());
static_assert(kReasonTable.size() == static_cast<std::size_t>(no_primary) + 1);

constexpr std::array<std::string_view, kPinReasonCount> kPinNames{
    "setting", "prepared",    "temp_table",            "listen",         "advisory_lock", "hold_cursor",
    "load",    "session_authorization", "sequence_state", "seed", "opaque", "replication"};

}  // namespace

std::span<const ReasonRow> reason_table() { return kReasonTable; }

const ReasonRow& row_of(RouteReason reason) { return kReasonTable[static_cast<std::size_t>(reason)]; }

std::string_view to_text(PinReason reason) { return kPinNames[static_cast<std::size_t>(reason)]; }

}  // namespace howdah
