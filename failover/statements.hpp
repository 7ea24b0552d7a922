// The SQL of every step, in one place. Each statement of a list is sent alone. Grants they need: failover/README.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"

namespace howdah::failover {

using Statements = std::vector<std::string>;

Statements sql_read_source();  // columns: primary_conninfo, primary_slot_name, wal_receiver_timeout in ms
Statements sql_set_receiver_timeout(Duration timeout);
Statements sql_set_source(std::string_view conninfo);
// Columns of the first row: the fork (failover/commit_fates.hpp), where the standby has replayed all it has received.
Statements sql_promote();
Statements sql_set_synchronous(std::string_view names);
// Columns: pg_last_wal_replay_lsn, pg_xact_status; the second for another xid than 0 only.
Statements sql_look_up(std::uint64_t xid);
// On the primary whose transaction it was. Columns: the server's run, as probes tell it; `prepared`, or the transaction's status,
// or nothing: no transaction up to it is over.
Statements sql_look_up_there(std::uint64_t xid);
Statements sql_write();  // needs no table and no right
Statements sql_create_slot(std::string_view name);
Statements sql_checkpoint();
Statements sql_count_busy();  // column: number of transactions open
Statements sql_close();       // last column: the flush position after it
// Three fences, for each alone can be got round: new transactions are read-only, commits wait for a standby that never
// comes, and everybody is disconnected. Columns of the first row: synchronous_standby_names, 1 if ALTER SYSTEM set it.
inline constexpr std::string_view kFencedNames = "howdah_fenced";
inline constexpr std::size_t kFenceDisconnected = 3;  // the statement whose row tells how many
Statements sql_fence();
// Are both settings in force; and ends whoever writes in spite of them. Columns: default_transaction_read_only,
// synchronous_standby_names.
Statements sql_look_after_fence();
Statements sql_reopen();
// Online recovery: functions of the extension pgpool_recovery, which run scripts in the primary's data directory.
struct RecoveryArguments {
  std::string script;
  std::string node_host;
  std::string node_directory;
  int primary_port;
  NodeId node;
  int node_port;
  std::string primary_host;
};
std::string sql_recover(const RecoveryArguments& arguments, int count);  // with the first `count` of them, 3 to 7
std::string sql_remote_start(std::string_view node_host, std::string_view node_directory);

Statements sql_take_fence_away(std::string_view names);  // the names to put back; empty: those of the configuration file

}  // namespace howdah::failover
