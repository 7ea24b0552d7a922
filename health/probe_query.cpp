#include "health/probe_query.hpp"

#include <charconv>
#include <cstdlib>

namespace howdah::health {

namespace {

// pg_current_wal_* and pg_walfile_name raise 55000 in recovery, hence the CASEs. A standby's control file tells its timeline
// late, but never too high; pg_control_checkpoint() of a fresh primary lags for minutes, so a primary is asked by the
// name of its WAL file. The standbys come as lines of tab-separated fields, for one row tells all.
// A crash restart keeps the postmaster, but ends its recovery further on in the WAL, behind a page's header at most (40 bytes),
// with a checkpoint whose redo is itself, as that of an orderly stop is; the later ones' is before them.
// The checkpointer begins with the recovery (before 15: with the end of a crash restart's), the WAL writer when that is over.
constexpr std::string_view kQuery =
    "SELECT r.rec::int,"
    " (SELECT system_identifier FROM pg_control_system()),"
    " CASE WHEN r.rec THEN (SELECT greatest(c.timeline_id, v.min_recovery_end_timeline)"
    "                         FROM pg_control_checkpoint() c, pg_control_recovery() v)"
    "      ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END,"
    " CASE WHEN r.rec THEN NULL ELSE pg_current_wal_insert_lsn() END,"
    " CASE WHEN r.rec THEN NULL ELSE pg_current_wal_flush_lsn() END,"
    " pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(),"
    " w.status, w.received_tli,"
    " extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time),"
    " w.sender_host, w.sender_port,"
    " CASE WHEN r.rec THEN NULL ELSE (SELECT string_agg(concat_ws(E'\\t', application_name,"
    "   coalesce(host(client_addr), ''), coalesce(client_port, -1), coalesce(state, ''), coalesce(sync_state, ''),"
    "   coalesce((extract(epoch FROM replay_lag) * 1000000)::bigint::text, '')), E'\\n') FROM pg_stat_replication) END,"
    " current_setting('synchronous_standby_names'),"
    " CASE WHEN r.rec THEN NULL ELSE concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()), pg_last_wal_replay_lsn()) END,"
    " CASE WHEN r.rec THEN NULL ELSE (SELECT (split_part(next_xid, ':', 1)::int8 << 32) + split_part(next_xid, ':', 2)::int8"
    "   FROM pg_control_checkpoint() WHERE redo_lsn = checkpoint_lsn"
    "   AND coalesce(checkpoint_lsn - pg_last_wal_replay_lsn(), 0) BETWEEN 0 AND 40) END,"
    " CASE WHEN NOT r.rec AND EXISTS (SELECT 1 FROM pg_control_checkpoint() WHERE redo_lsn = checkpoint_lsn)"
    "      THEN (SELECT extract(epoch FROM clock_timestamp() - min(backend_start)) || ' ' || extract(epoch FROM max(backend_start) - min(backend_start))"
    "              FROM pg_stat_get_activity(NULL) WHERE backend_type IN ('checkpointer', 'walwriter') HAVING count(backend_start) = 2) END"
    " FROM (SELECT pg_is_in_recovery() AS rec) r LEFT JOIN pg_stat_wal_receiver w ON true";
constexpr std::size_t kColumns = 17;

template <typename Number>
Number to_number(std::string_view text, Number otherwise = {}) {
  Number value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Duration parse_seconds(const std::string& text) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::strtod(text.c_str(), nullptr)));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<ReplicationRow> parse_standbys(std::string_view text) {
  std::vector<ReplicationRow> rows;
  if (text.empty()) return rows;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() < 6) continue;  // a name with tabs in it: nothing is known of that one
    ReplicationRow row{.application_name = std::string(fields[0]), .client_address = std::string(fields[1])};
    row.client_port = to_number<int>(fields[2], -1);
    row.state = fields[3];
    row.sync_state = fields[4];
    if (!fields[5].empty()) row.replay_lag = microseconds(to_number<std::int64_t>(fields[5]));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string_view probe_query() { return kQuery; }

Result<ProbeResult> parse_probe_row(const ProbeRow& row) {
  if (row.size() != kColumns || !row[0] || !row[1])
    return Error{ErrorCode::backend_protocol_violation, "the node answered the state query with something else"};
  const auto text = [&](std::size_t column) { return std::string_view(row[column] ? *row[column] : std::string_view{}); };
  const auto lsn = [&](std::size_t column) { return parse_lsn(text(column)).value_or(Lsn{}); };
  ProbeResult result;
  result.in_recovery = text(0) == "1";
  result.system_identifier = to_number<std::uint64_t>(text(1));
  result.timeline = TimelineId{to_number<std::uint32_t>(text(2))};
  result.inserted = lsn(3);
  result.flushed = lsn(4);
  result.received = lsn(5);
  result.replayed = lsn(6);
  result.receiver_status = text(7);
  result.received_timeline = TimelineId{to_number<std::uint32_t>(text(8))};
  if (row[9]) result.last_message_age = parse_seconds(*row[9]);
  result.sender_host = text(10);
  result.sender_port = to_number<int>(text(11));
  result.standbys = parse_standbys(text(12));
  result.synchronous_names = text(13);
  result.run = text(14);
  result.first_xid = to_number<std::uint64_t>(text(15));
  if (const auto parts = split(text(16), ' '); parts.size() == 2)
    result.run_beginning = RunBeginning{parse_seconds(std::string(parts[0])), parse_seconds(std::string(parts[1]))};
  return result;
}

}  // namespace howdah::health
