// Is it still there? Of most state that ties a session to its server connection, the server can tell whether any is left.
// It is asked when some may have gone: after DROP, CLOSE, UNLISTEN and pg_advisory_unlock, and at the end of a
// transaction that made some. The Query of ours follows the answer the client waited for, so nobody waits for it.
#include <array>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

struct LookRow {
  PinReason reason;
  std::string_view question;
};

constexpr std::array kLooks{
    LookRow{PinReason::temp_table,
            "SELECT FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass "
            "AND refobjid = pg_catalog.pg_my_temp_schema()"},
    LookRow{PinReason::listen, "SELECT FROM pg_catalog.pg_listening_channels()"},
    LookRow{PinReason::advisory_lock,
            "SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()"},
    LookRow{PinReason::hold_cursor, "SELECT FROM pg_catalog.pg_cursors WHERE is_holdable"},
};

constexpr PinReasons kTold = [] {
  PinReasons all;
  for (const LookRow& row : kLooks) all.add(row.reason);
  return all;
}();

}  // namespace

// Nothing is owed. Not where something else ties the session anyway.
void SessionCore::look_at_state() {
  if (pins_.is_empty() || !without(pins_, kTold).is_empty() || options_.pool_mode == PoolMode::session) return;
  std::string query = "SELECT ";
  for (const LookRow& row : kLooks) {
    if (!pins_.has(row.reason)) continue;
    if (query.back() == ')') query += ", ";
    (query += "EXISTS (") += row.question;
    query += ')';
  }
  looked_for_ = pins_;
  inject_query(query, Injected::state);
}

// A DataRow of one boolean for each reason that was asked about (manual, "Message Formats").
void SessionCore::note_state(Bytes row) {
  // A statement sent meanwhile may have made what had gone; its own end asks again.
  if (!requests_.empty()) {
    transaction_.may_unpin = true;
    return;
  }
  std::size_t at = wire::kHeaderSize + 2;
  for (const LookRow& look : kLooks) {
    if (!looked_for_.has(look.reason)) continue;
    constexpr std::size_t kLength = 4;
    if (row.size() < at + kLength + 1) return;
    if (row[at + kLength] == 'f') pins_.remove(look.reason);
    at += kLength + 1;
  }
}

}  // namespace howdah
