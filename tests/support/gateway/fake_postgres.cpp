#include "tests/support/gateway/fake_postgres.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "gateway/wire/body.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah::test {

namespace {

void append_simple_error(std::string& out, std::string_view severity, std::string_view sqlstate, std::string_view text,
                         std::string_view routine = {}) {
  wire::MessageScope message(out, 'E');
  for (const char code : {'S', 'V'}) {
    out.push_back(code);
    append_cstring(out, severity);
  }
  out.push_back('C');
  append_cstring(out, sqlstate);
  out.push_back('M');
  append_cstring(out, text);
  if (!routine.empty()) {
    out.push_back('R');
    append_cstring(out, routine);
  }
  out.push_back('\0');
}

bool starts(std::string_view text, std::string_view prefix) { return text.starts_with(prefix); }
bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::size_t row_count(std::string_view sql) {
  const std::size_t at = sql.find("FROM t");
  if (at == std::string_view::npos) return 1;
  const std::string digits(sql.substr(at + 6));
  return digits.empty() || std::isdigit(static_cast<unsigned char>(digits[0])) == 0
             ? 1
             : static_cast<std::size_t>(std::strtoul(digits.c_str(), nullptr, 10));
}

// The parts of E'a', E'b' in a set_config call.
std::vector<std::string> literals(std::string_view sql) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '\'') continue;
    std::string text;
    for (++i; i < sql.size(); ++i) {
      if (sql[i] == '\'' || sql[i] == '\\') {
        if (i + 1 >= sql.size() || sql[i + 1] != sql[i]) break;
        ++i;
      }
      text.push_back(sql[i]);
    }
    found.push_back(text);
  }
  return found;
}

// Whether something is left of what was made and taken away by name.
bool is_left(const std::vector<std::string>& log, std::string_view made, std::string_view taken) {
  std::set<std::string> names;
  for (const std::string& sql : log) {
    const auto name_after = [&](std::string_view start) { return sql.substr(start.size(), sql.find(' ', start.size()) - start.size()); };
    if (starts(sql, made)) names.insert(name_after(made));
    if (starts(sql, taken)) names.erase(name_after(taken));
    if (sql == "DISCARD ALL") names.clear();
  }
  return !names.empty();
}

bool is_reported(std::string_view name) { return name == "application_name" || name == "timezone"; }

void append_empty_notice(std::string& out) {
  out.push_back('N');
  append_u32(out, 5);
  out.push_back('\0');
}

}  // namespace

void FakePostgres::receive(Bytes bytes, std::string& out) {
  input_.append(bytes.data(), bytes.size());
  while (input_.size() >= 5 && !is_dead) {
    const std::size_t total = std::size_t{load_u32(input_.data() + 1)} + 1;
    if (input_.size() < total) break;
    const std::string one = input_.substr(0, total);
    input_.erase(0, total);
    message(one[0], std::string_view(one).substr(5), unsent_);
    // As a real server, it keeps the answers of a batch until something makes it send them; an error does.
    const bool is_kept = std::string_view("PBDEC").find(one[0]) != std::string_view::npos && copy_ == Copy::none && !is_dead && !is_skipping_;
    if (!is_kept) out += std::exchange(unsent_, {});
  }
}

void FakePostgres::message(char tag, std::string_view body, std::string& out) {
  if (copy_ != Copy::none) {
    if (tag == 'd' || tag == 'H' || tag == 'S') {
      if (tag == 'd' && has(body, "bad")) {
        end_copy(true, out);
      }
      return;
    }
    if (tag == 'c') return end_copy(false, out);
    return end_copy(true, out);
  }
  if (tag == 'd' || tag == 'c' || tag == 'f' || tag == 'H') return;
  if (tag == 'S') {
    is_skipping_ = false;
    if (status == 'I') portals_.clear();
    return ready(out);
  }
  if (is_skipping_) return;
  if (tag == 'Q') return query(body.substr(0, body.size() - 1), out);
  if (tag == 'F') {
    wire::MessageScope value(out, 'V');
    append_u32(out, 0xffffffff);
  }
  if (tag == 'F') return ready(out);
  extended(tag, body, out);
}

void FakePostgres::query(std::string_view body, std::string& out) {
  statements.erase("");
  rest_of_query_.clear();
  std::string one;
  bool is_quoted = false;
  for (const char c : body) {
    if (c == '\'') is_quoted = !is_quoted;
    if (c == ';' && !is_quoted) {
      rest_of_query_.push_back(std::exchange(one, {}));
    } else if (!one.empty() || c != ' ') {
      one.push_back(c);
    }
  }
  if (!one.empty()) rest_of_query_.push_back(one);
  if (rest_of_query_.empty()) wire::append_bodiless(out, wire::ServerTag::empty_query);
  while (!rest_of_query_.empty()) {
    const std::string sql = rest_of_query_.front();
    rest_of_query_.pop_front();
    if (!run(sql, out, true, nullptr, 0)) rest_of_query_.clear();
    if (copy_ != Copy::none || is_dead) return;
  }
  ready(out);
}

void FakePostgres::ready(std::string& out) {
  if (status == 'I') portals_.clear(), undo_.clear();
  if (std::exchange(is_told_closed_, is_closed) != is_closed)
    wire::append_parameter_status(out, "default_transaction_read_only", is_closed ? "on" : "off");
  wire::append_ready(out, static_cast<wire::TransactionStatus>(status));
}

bool FakePostgres::fail(std::string_view sqlstate, std::string_view text, std::string& out) {
  append_simple_error(out, "ERROR", sqlstate, text);
  if (status == 'T') status = 'E';
  if (status == 'I' && !undo_.empty()) restore(undo_.front().second, out), undo_.clear();
  return false;
}

void FakePostgres::end_copy(bool failed, std::string& out) {
  const Copy was = std::exchange(copy_, Copy::none);
  if (failed) {
    fail("22P04", "COPY failed", out);
    rest_of_query_.clear();
    if (was == Copy::extended) is_skipping_ = true;
  } else {
    ++writes;
    wire::append_command_complete(out, "COPY 1");
  }
  if (was == Copy::simple) ready(out);
}

std::string FakePostgres::setting(const std::string& name) const {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

void FakePostgres::report(const std::string& name, std::string& out) {
  if (is_reported(name)) wire::append_parameter_status(out, name, setting(name));
}

std::string FakePostgres::statement_names() const {
  std::string names;
  for (const auto& [name, text] : statements)
    if (!name.empty()) names += name + " ";
  return names;
}

bool FakePostgres::set(const std::string& name, const std::string& value, std::string& out) {
  if (value == "refused" || (value == "elsewhere" && is_replica)) return fail("22023", "invalid value for parameter", out);
  settings[name] = value;
  report(name, out);
  return true;
}

void FakePostgres::restore(Settings now, std::string& out) {
  settings.swap(now);
  for (const char* name : {"application_name", "timezone"}) {
    const auto before = now.find(name);
    if (setting(name) != (before == now.end() ? "" : before->second)) report(name, out);
  }
}

// SAVEPOINT, RELEASE, ROLLBACK TO.
bool FakePostgres::divide(const std::string& sql, std::string& out) {
  const std::string name = sql.substr(sql.rfind(' ') + 1);
  if (status == 'I') return fail("25P01", "can only be used in transaction blocks", out);
  if (starts(sql, "SAVEPOINT")) {
    undo_.emplace_back(name, settings);
    wire::append_command_complete(out, "SAVEPOINT");
    return true;
  }
  for (std::size_t i = undo_.size(); --i > 0;) {
    if (undo_[i].first != name) continue;
    if (starts(sql, "ROLLBACK")) {
      restore(undo_[i].second, out);
      status = 'T';
      ++i;
    }
    undo_.resize(i);
    wire::append_command_complete(out, starts(sql, "RELEASE") ? "RELEASE" : "ROLLBACK");
    return true;
  }
  return fail("3B001", "savepoint does not exist", out);
}

// False after an error. The first that knows the statement answers it; what nobody knows succeeds.
bool FakePostgres::run(const std::string& sql, std::string& out, bool with_description, Portal* portal,
                       std::size_t limit) {
  if (starts(sql, "/*")) {
    const std::size_t at = log.size();
    const bool succeeded = run(sql.substr(sql.find("*/") + 3), out, with_description, portal, limit);
    log[at] = sql;
    return succeeded;
  }
  log.push_back(sql);
  if (undo_.empty()) undo_.emplace_back("", settings);
  const Call call{sql, out, with_description, portal, limit};
  for (const auto part : {&FakePostgres::break_commit, &FakePostgres::end_transaction, &FakePostgres::tell_transaction,
                          &FakePostgres::use_names, &FakePostgres::insert, &FakePostgres::change_settings, &FakePostgres::copy,
                          &FakePostgres::tell_state, &FakePostgres::break_off, &FakePostgres::use_sequences})
    if (const std::optional<bool> succeeded = (this->*part)(call)) return *succeeded;
  if (!starts(sql, "SELECT") && !starts(sql, "SHOW")) return call.done(sql.substr(0, sql.find(' ')));
  return select(call);
}

bool FakePostgres::Call::done(std::string_view tag) const {
  wire::append_command_complete(out, tag);
  return true;
}

// What a test has ordered to happen at the end of a transaction.
std::optional<bool> FakePostgres::break_commit(const Call& call) {
  const bool is_end = starts(call.sql, "COMMIT");
  if (cancels_at_commit > 0 && (is_end || has(call.sql, "xact_id_if_assigned"))) {
    --cancels_at_commit;
    return fail("57014", "canceling statement due to user request", call.out);
  }
  if (dies_at_commit && (is_end || starts(call.sql, "PREPARE TRANSACTION") || starts(call.sql, "ROLLBACK PREPARED"))) {
    is_dead = true;
    return false;
  }
  if (is_end && status == 'T' && std::exchange(fails_at_commit, false)) {
    status = 'I';
    return fail("23503", "violates foreign key constraint", call.out);
  }
  return std::nullopt;
}

std::optional<bool> FakePostgres::end_transaction(const Call& call) {
  const std::string& sql = call.sql;
  if (starts(sql, "ROLLBACK TO")) return divide(sql, call.out);
  const bool is_second_phase = starts(sql, "COMMIT PREPARED") || starts(sql, "ROLLBACK PREPARED");
  if (is_second_phase && status == 'I') return call.done(sql.substr(0, sql.find(" '")));
  if (starts(sql, "PREPARE TRANSACTION") && status == 'T') {
    status = 'I';
    undo_.clear();
    return call.done("PREPARE TRANSACTION");
  }
  if (starts(sql, "ROLLBACK") || starts(sql, "COMMIT")) {
    const bool failed = std::exchange(status, has(sql, "AND CHAIN") ? 'T' : 'I') == 'E';
    const bool is_undone = failed || starts(sql, "ROLLBACK");
    if (is_undone) restore(undo_.front().second, call.out);
    undo_.clear();
    if (status == 'T') undo_.emplace_back("", settings);
    return call.done(is_undone ? "ROLLBACK" : "COMMIT");
  }
  if (status == 'E') return fail("25P02", "current transaction is aborted", call.out);
  return std::nullopt;
}

std::optional<bool> FakePostgres::tell_transaction(const Call& call) {
  const std::string& sql = call.sql;
  if (has(sql, "pg_current_xact_id") || has(sql, "pg_prepared_xacts")) {
    const std::vector<std::string_view> names(has(sql, "concat") ? 2 : 1, "xid");
    const bool has_made = std::any_of(log.begin(), log.end(), [](const std::string& one) { return starts(one, "CREATE TABLE"); });
    const bool is_there = writes > 0 || has_made || !has(sql, "if_assigned");
    std::vector<std::optional<std::string_view>> row{is_there ? std::optional<std::string_view>("731") : std::nullopt};
    if (names.size() == 2) row.push_back("BEGIN ISOLATION LEVEL as before");
    wire::append_row_description(call.out, names);
    wire::append_data_row(call.out, row);
    return call.done("SELECT 1");
  }
  if (starts(sql, "BEGIN") || starts(sql, "START")) {
    status = 'T';
    is_begun_on_replica_ = is_replica || is_closed;
    return call.done("BEGIN");
  }
  if (starts(sql, "SAVEPOINT") || starts(sql, "RELEASE")) return divide(sql, call.out);
  return std::nullopt;
}

// PREPARE, EXECUTE, DEALLOCATE.
std::optional<bool> FakePostgres::use_names(const Call& call) {
  const std::string& sql = call.sql;
  if (starts(sql, "PREPARE ")) {
    const std::string name = sql.substr(8, sql.find(' ', 8) - 8);
    if (statements.contains(name)) return fail("42P05", "prepared statement \"" + name + "\" already exists", call.out);
    if (has(sql, "syntax error")) return fail("42601", "syntax error", call.out);
    if (has(sql, "FROM broken")) return fail("42P01", "relation \"broken\" does not exist", call.out);
    statements[name] = sql.substr(sql.find(" AS ") + 4);
    return call.done("PREPARE");
  }
  if (!starts(sql, "EXECUTE ") && !starts(sql, "DEALLOCATE ")) return std::nullopt;
  std::string name = sql.substr(sql.find(' ') + 1);
  name.resize(std::min(name.find('('), name.size()));
  if (sql == "DEALLOCATE ALL") return statements.clear(), call.done("DEALLOCATE ALL");
  const auto found = statements.find(name);
  if (found == statements.end()) return fail("26000", "prepared statement \"" + name + "\" does not exist", call.out);
  if (starts(sql, "EXECUTE ")) return run(std::string(found->second), call.out, call.with_description, call.portal, call.limit);
  statements.erase(found);
  return call.done("DEALLOCATE");
}

std::optional<bool> FakePostgres::insert(const Call& call) {
  if (!starts(call.sql, "INSERT")) return std::nullopt;
  if (is_replica || (status == 'T' ? is_begun_on_replica_ : is_closed))
    return fail("25006", "cannot execute INSERT in a read-only transaction", call.out);
  if (has(call.sql, "bad")) return fail("22000", "bad value", call.out);
  ++writes;
  if (has(call.sql, "INTO serial")) last_value = call.sql;
  fails_at_commit |= has(call.sql, "INTO deferred");
  return call.done("INSERT 0 1");
}

// SET, RESET, DISCARD ALL, set_config().
std::optional<bool> FakePostgres::change_settings(const Call& call) {
  const std::string& sql = call.sql;
  if (starts(sql, "SET TRANSACTION")) return call.done("SET");
  if (starts(sql, "SET ")) {
    const bool is_ours = sql[4] == '"';  // SET "name" TO E'value', E'value'
    const std::size_t equals = is_ours ? sql.find(" TO ") : sql.find(" = ");
    std::string name = sql.substr(4, equals - 4);
    std::erase(name, '"');
    std::string value = is_ours ? "" : sql.substr(equals + 3);
    if (value.starts_with('\'')) value = literals(value).at(0);
    for (const std::string& one : is_ours ? literals(sql.substr(equals)) : std::vector<std::string>{})
      value += (value.empty() ? "" : ", ") + one;
    if (!starts(name, "LOCAL ") && !set(name, value, call.out)) return false;
    return call.done("SET");
  }
  if (sql == "RESET ALL" || sql == "DISCARD ALL") {
    const std::string role = setting("role");
    restore({}, call.out);
    if (sql == "RESET ALL" && !role.empty()) settings["role"] = role;
    if (sql == "DISCARD ALL") statements.clear(), last_value.clear();
    return call.done(sql == "DISCARD ALL" ? "DISCARD ALL" : "RESET");
  }
  if (starts(sql, "RESET ")) {
    std::string name = sql.substr(6);
    std::erase(name, '"');
    settings.erase(name);
    report(name, call.out);
    return call.done("RESET");
  }
  return std::nullopt;
}

std::optional<bool> FakePostgres::copy(const Call& call) {
  if (!starts(call.sql, "COPY")) return std::nullopt;
  const bool is_in = has(call.sql, "FROM STDIN");
  if (is_in && (is_replica || is_closed)) return fail("25006", "cannot execute COPY FROM in a read-only transaction", call.out);
  call.out.push_back(is_in ? 'G' : 'H');
  append_u32(call.out, 7);
  call.out.append(3, '\0');
  if (is_in) {
    copy_ = call.portal == nullptr ? Copy::simple : Copy::extended;
    return true;
  }
  wire::append_server_copy_data(call.out, call.sql);
  wire::append_server_copy_data(call.out, call.sql);
  wire::append_bodiless(call.out, wire::ServerTag::copy_done);
  return call.done("COPY 2");
}

// What Howdah itself sets and asks.
std::optional<bool> FakePostgres::tell_state(const Call& call) {
  if (has(call.sql, "set_config(")) {
    const auto parts = literals(call.sql);
    if (!set(parts.at(0), parts.at(1), call.out)) return false;
    if (call.with_description) wire::append_row_description(call.out, std::vector<std::string_view>{"set_config"});
    wire::append_data_row(call.out, std::vector<std::optional<std::string_view>>{parts.at(1)});
    return call.done("SELECT 1");
  }
  if (!starts(call.sql, "SELECT EXISTS (")) return std::nullopt;
  std::vector<std::optional<std::string_view>> row;
  if (has(call.sql, "pg_depend")) row.push_back(is_left(log, "CREATE TEMP TABLE ", "DROP TABLE ") ? "t" : "f");
  if (has(call.sql, "pg_listening_channels")) row.push_back(is_left(log, "LISTEN ", "UNLISTEN ") ? "t" : "f");
  wire::append_row_description(call.out, std::vector<std::string_view>(row.size(), "exists"));
  wire::append_data_row(call.out, row);
  return call.done("SELECT 1");
}

// The tables that are there to fail.
std::optional<bool> FakePostgres::break_off(const Call& call) {
  const std::string& sql = call.sql;
  if (has(sql, "FROM broken")) return fail("42P01", "relation \"broken\" does not exist", call.out);
  if (has(sql, "FROM hidden_write") && is_replica) return fail("25006", "cannot write in recovery", call.out);
  if (has(sql, "FROM conflict") && has(sql, "warned") && is_replica) append_empty_notice(call.out);
  if (has(sql, "FROM conflict") && is_replica) return fail("40001", "canceling due to conflict with recovery", call.out);
  const bool is_ended = has(sql, "FROM dies") || (has(sql, "FROM stops") && is_replica);
  const bool is_too_long = has(sql, "FROM limited");
  if (!is_ended && !is_too_long && !has(sql, "FROM crashes")) return std::nullopt;
  if (is_too_long) append_simple_error(call.out, "FATAL", "25P04", "terminating connection due to transaction timeout");
  if (is_ended) append_simple_error(call.out, "FATAL", "57P01", "terminating connection due to administrator command");
  is_dead = true;
  return false;
}

std::optional<bool> FakePostgres::use_sequences(const Call& call) {
  if (call.sql == "DISCARD SEQUENCES") last_value.clear();
  if (has(call.sql, "lastval()") && last_value.empty())
    return fail("55000", "lastval is not yet defined in this session", call.out);
  if (starts(call.sql, "FETCH")) return call.done("FETCH 1");
  return std::nullopt;
}

std::string FakePostgres::value_of(const std::string& sql) const {
  if (starts(sql, "SHOW ")) return setting(sql.substr(5));
  if (has(sql, "lastval()")) return last_value;
  if (has(sql, "FROM pg_prepared_statements")) return "'me' " + statement_names();
  if (has(sql, "FROM node")) return "'me' " + std::to_string(number);
  return has(sql, "FROM big") ? sql + std::string(100'000, 'x') : sql;
}

bool FakePostgres::select(const Call& call) {
  const auto& [sql, out, with_description, portal, limit] = call;
  const std::string value = value_of(sql);
  const std::size_t rows = portal != nullptr && portal->is_started ? portal->rows_left : row_count(sql);
  if (with_description) wire::append_row_description(out, std::vector<std::string_view>{"value"});
  if (has(sql, "warned")) append_empty_notice(out);
  const std::size_t count = limit != 0 ? std::min(limit, rows) : rows;
  for (std::size_t i = 0; i < count; ++i) {
    wire::append_data_row(out, std::vector<std::optional<std::string_view>>{value});
    if (!has(sql, "FROM noisy")) continue;
    append_empty_notice(out);
    wire::append_notification(out, {.pid = 1, .channel = "c", .payload = sql});
    wire::append_parameter_status(out, "timezone", "Mars");
  }
  if (portal != nullptr) {
    portal->is_started = true;
    portal->rows_left = rows - count;
    if (limit != 0 && count == limit) {
      wire::append_bodiless(out, wire::ServerTag::portal_suspended);
      return true;
    }
  }
  return call.done("SELECT " + std::to_string(count));
}

void FakePostgres::refuse_old_plan(std::string& out) {
  append_simple_error(out, "ERROR", "0A000", "cached plan must not change result type", "RevalidateCachedQuery");
  if (status == 'T') status = 'E';
  is_altered_ = is_skipping_ = true;
}

void FakePostgres::extended(char tag, std::string_view body, std::string& out) {
  const auto skip = [&](std::string_view sqlstate, std::string_view text) {
    fail(sqlstate, text, out);
    is_skipping_ = true;
  };
  const auto describe = [&](const std::string& sql) {
    const bool has_rows = starts(sql, "SELECT") || starts(sql, "SHOW");
    if (!has_rows) return wire::append_bodiless(out, wire::ServerTag::no_data);
    wire::append_row_description(out, std::vector<std::string_view>{"value"});
  };
  if (tag == 'P') {
    const auto parse = wire::parse_parse(as_bytes(body));
    const std::string name(parse->statement);
    if (status == 'E' && !starts(parse->sql, "ROLLBACK") && !starts(parse->sql, "COMMIT"))
      return skip("25P02", "current transaction is aborted");
    if (name.empty()) statements.erase(name);
    if (statements.contains(name)) return skip("42P05", "prepared statement \"" + name + "\" already exists");
    if (has(parse->sql, "syntax error")) return skip("42601", "syntax error");
    statements[name] = std::string(parse->sql);
    if (has(parse->sql, "altered") && !is_altered_ && !name.empty()) old_plans_.insert(name);
    return wire::append_bodiless(out, wire::ServerTag::parse_complete);
  }
  if (tag == 'B') {
    const auto bind = wire::parse_bind_head(as_bytes(body), true);
    const auto found = statements.find(std::string((*bind)->statement));
    const std::string quoted = "prepared statement \"" + std::string((*bind)->statement) + "\"";
    if (found == statements.end()) return skip("26000", quoted + " does not exist");
    if (old_plans_.contains(found->first)) return refuse_old_plan(out);
    if (has(found->second, "$1") && load_u16(body.data() + (*bind)->rest + 2) == 0)
      return skip("08P01", "bind message supplies 0 parameters, but " + quoted + " requires 1");
    portals_[std::string((*bind)->portal)] = Portal{.sql = found->second};
    return wire::append_bodiless(out, wire::ServerTag::bind_complete);
  }
  if (tag == 'D' || tag == 'C') {
    const auto target = wire::parse_target(as_bytes(body));
    const std::string name(target->name);
    const bool is_statement = target->target == wire::Target::statement;
    if (tag == 'C') {
      is_statement ? static_cast<void>(statements.erase(name)) : static_cast<void>(portals_.erase(name));
      return wire::append_bodiless(out, wire::ServerTag::close_complete);
    }
    if (is_statement ? !statements.contains(name) : !portals_.contains(name))
      return skip(is_statement ? "26000" : "34000", "\"" + name + "\" does not exist");
    if (is_statement) wire::append_parameter_description(out, {});
    return describe(is_statement ? statements[name] : portals_[name].sql);
  }
  if (tag == 'E') {
    const auto execute = wire::parse_execute(as_bytes(body));
    const auto portal = portals_.find(std::string(execute->portal));
    if (portal == portals_.end()) return skip("34000", "portal does not exist");
    const std::string sql = portal->second.sql;
    if (!run(sql, out, false, &portal->second, static_cast<std::size_t>(execute->max_rows))) is_skipping_ = true;
  }
}

}  // namespace howdah::test
