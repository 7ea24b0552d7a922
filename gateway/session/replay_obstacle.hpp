// Why a transaction cannot be run again on another server. What a statement shows the client is compared, so only what may
// come out the same and yet do something else stands against it.
#pragma once

#include <cstdint>
#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

enum class ReplayObstacle : std::uint8_t {
  // keep in the order of kReplayObstacles
  none,
  too_long,         // more than transaction_replay_size, or a message that is passed on without being held whole
  several,          // a string of several statements with BEGIN or COMMIT among them: it may have committed something
  chained,          // AND CHAIN: nothing tells how the transaction began
  two_phase,        // PREPARE TRANSACTION and what follows it
  snapshot,         // SET TRANSACTION SNAPSHOT
  copy,             // COPY, in either direction, to programs and files too
  cursor,           // FETCH, or a portal that was read in part
  node_bound,       // functions that tell of one node, unknown ones, those of write_function_list, advisory locks
  names,            // PREPARE, DEALLOCATE, or an unnamed statement that was replaced after its use
  gateway_command,  // in one batch with statements for the server
  open_batch,       // a Query before the Sync of the batch it follows
  ended_by_server,  // it would end the transaction again (idle_in_transaction_session_timeout), or makes no sense
};

// In words, for the log and README.md.
std::string_view to_text(ReplayObstacle obstacle);

// What the text alone says.
ReplayObstacle obstacle_of(const Traits& traits);

// Whether it may end the transaction, so that it must not be sent before everything before it has turned out the same.
bool may_end_transaction(TransactionControl control);

// Outside a transaction, or as its beginning: it only reads, so that it may run again where nothing of its answer was shown.
bool may_read_again(const Traits& traits);

}  // namespace howdah
