// What is noted of each statement besides what deciding needs: counted by kind and node, kept as the client's last one,
// and logged where the configuration asks for it. Off, the logging costs one comparison.
#include "gateway/session/session_core.hpp"

namespace howdah {

namespace {

constexpr std::size_t kLongestKept = 1024;  // of the last statement; reports show no more

// Lines after the first begin with a tab, as in PostgreSQL's log, so that no text can look like a line of ours.
std::string in_log_form(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  for (const char c : sql) {
    out += c;
    if (c == '\n') out += '\t';
  }
  return out;
}

}  // namespace

// It goes to backend_'s server now. Written past log_min_messages: who sets the parameter wants the lines.
void SessionCore::note_sent(StatementKind kind, std::string_view sql) {
  env_.tally.count(backend_->node(), kind);
  env_.tally.count_reason(route_reason_);
  last_statement_.assign(sql.substr(0, kLongestKept));
  if (!statement_log().is_per_node) return;
  env_.log.write(LogLevel::info, fmt::format("DB node id: {} backend pid: {} statement: {}", backend_->node().value,
                                             backend_->cancel_key.pid, in_log_form(sql)));
}

// The client has asked for it, wherever it runs and however often it is run again.
void SessionCore::note_asked(std::string_view sql) {
  if (!statement_log().is_each || rerun_.left > 0) return;
  env_.log.write(LogLevel::info, fmt::format("statement: {}", in_log_form(sql)));
}

// A prepared statement runs when it is bound, once for each Bind. One that is not carried was made by PREPARE.
void SessionCore::note_bound(std::string_view name, std::string_view portal) {
  ++traffic_.binds;
  StatementKind kind = StatementKind::execute;
  std::string_view sql = name;
  TraitsPtr traits;
  if (name.empty()) {
    if (prepared_.unnamed.serial == 0) return count_portal(portal, nullptr, {});
    traits = prepared_.unnamed.traits;
    kind = traits->kind;
    sql = prepared_.unnamed.traits->parse == ParseOutcome::too_long ? std::string_view("(too long to be kept)")
                                                                    : prepared_.unnamed.sql;
  } else if (const auto found = prepared_.statements.find(name); found != prepared_.statements.end()) {
    traits = found->second->traits;
    kind = traits->kind;
    sql = found->second->sql;
  }
  count_portal(portal, traits, sql);
  note_asked(sql);
  note_sent(kind, sql);
  if (traits != nullptr) note_login_changes(catalog_, *traits, sql);
}

}  // namespace howdah
