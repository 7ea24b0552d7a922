// Statements Howdah answers itself: SHOW POOL_*, PGPOOL ..., SET howdah.*, EXPLAIN ROUTE, DEALLOCATE of a statement it
// carries, and the end of a transaction that was lost with its server. In both protocols; columns are of type text.
#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"
#include "sql_router/explain.hpp"
#include "sql_router/parameter_count.hpp"

namespace howdah {

using namespace session;
using wire::ClientTag;

namespace {

bool is_set_or_reset(const Traits& traits) {
  return traits.gateway.kind == GatewayCommandKind::pgpool_set ||
         traits.gateway.kind == GatewayCommandKind::pgpool_reset;
}

// PGPOOL RESET STATEMENTS is for all sessions.
bool changes_parameter(const Traits& traits) { return is_set_or_reset(traits) && traits.gateway.name != "statements"; }

bool changes_own_setting(const Traits& traits) {
  return traits.gateway.kind == GatewayCommandKind::own_set || traits.gateway.kind == GatewayCommandKind::own_reset;
}

bool is_own_setting(const Traits& traits) {
  return traits.gateway.kind == GatewayCommandKind::own_show || changes_own_setting(traits);
}

// What answers without rows is not run for being described.
bool has_rows(const Traits& traits) {
  return traits.is_gateway_command() && !is_set_or_reset(traits) && !changes_own_setting(traits);
}

void append_row(std::string& out, const std::vector<std::optional<std::string>>& row) {
  std::vector<std::optional<std::string_view>> values(row.begin(), row.end());
  wire::append_data_row(out, values);
}

void append_names(std::string& out, const TextTable& table) {
  const std::vector<std::string_view> names(table.columns.begin(), table.columns.end());
  wire::append_row_description(out, names);
}

void append_columns(std::string& out, const TextTable& table) {
  if (table.columns.empty()) return wire::append_bodiless(out, wire::ServerTag::no_data);
  append_names(out, table);
}

Error no_portal(std::string_view name) {
  return Error{ErrorCode::portal_unknown, "portal \"" + std::string(name) + "\" does not exist"};
}

}  // namespace

bool SessionCore::is_local(const Traits& traits) const {
  if (traits.is_gateway_command()) return true;
  if (traits.kind != StatementKind::deallocate || traits.statement_count != 1 || pins_.has(PinReason::prepared))
    return false;
  if (!transaction_.is_failed && client_status() == TransactionStatus::failed) return false;
  if (traits.prepared_name.empty() && pins_.has(PinReason::opaque)) return false;  // a function may have prepared others
  return traits.prepared_name.empty() || prepared_.statements.contains(traits.prepared_name);
}

void SessionCore::handle(const LocalAnswer& event) {
  if (waiting_ != Waiting::local || is_closed_) return;
  waiting_ = Waiting::nothing;
  if (!std::exchange(local_.is_answer_void, false)) local_.answer.emplace(event.table);
}

// Nothing: it has been asked for.
std::optional<Result<TextTable>> SessionCore::ask(const Traits& traits, std::string_view sql) {
  if (transaction_.is_failed) {
    const auto tag = end_failed(traits.transaction);
    return tag ? Result<TextTable>(TextTable{.command_tag = std::string(*tag)}) : Result<TextTable>(tag.error());
  }
  if (traits.kind == StatementKind::deallocate) {
    give_up_replay(ReplayObstacle::names);
    if (traits.prepared_name.empty()) {
      prepared_.statements.clear();
      return Result<TextTable>(TextTable{.command_tag = "DEALLOCATE ALL"});
    }
    prepared_.statements.erase(traits.prepared_name);
    return Result<TextTable>(TextTable{.command_tag = "DEALLOCATE"});
  }
  if (traits.gateway.kind == GatewayCommandKind::explain_route) return Result<TextTable>(explain(traits, sql));
  if (changes_parameter(traits)) return change_parameter(traits.gateway);
  if (is_own_setting(traits)) return answer_own_setting(traits.gateway);
  if (local_.answer) return std::exchange(local_.answer, std::nullopt);
  waiting_ = Waiting::local;
  out_->push(
      AskLocal{std::string(sql.substr(0, traits.gateway.rest_begin)), overrides_ ? overrides_->settings() : nullptr});
  return std::nullopt;
}

// As many parameters as the statement to be explained has, of the types the client gave, else text.
std::vector<std::uint32_t> SessionCore::parameter_types(std::string_view sql, std::string_view types) const {
  constexpr std::uint32_t kText = 25;
  std::vector<std::uint32_t> list(parameter_count(sql), kText);
  for (std::size_t i = 0; i < list.size() && 6 + i * 4 <= types.size(); ++i)
    if (const std::uint32_t type = load_u32(types.data() + 2 + i * 4); type != 0) list[i] = type;
  return list;
}

TextTable SessionCore::explain(const Traits& traits, std::string_view sql) {
  const GatewayCommand& command = traits.gateway;
  // EXECUTE of a statement the session carries stands for that statement.
  const TraitsPtr inner = traits_in_force(traits_of(sql.substr(command.inner_begin, command.inner_end - command.inner_begin)));
  Rng rng = env_.rng;  // a copy: asking changes nothing
  const SessionFacts known = facts(*inner);
  const RoutingOptions& options = routing();
  const Decision decision = decide(*inner, known, *env_.view, options, rng);
  TextTable table{.columns = {"property", "value"}, .command_tag = "EXPLAIN"};
  for (ExplainRow& row : explain_route(*inner, decision, known, *env_.view, options))
    table.rows.push_back({std::move(row.column), std::move(row.text)});
  table.rows.push_back({"catalog", facts_in_force().description()});
  return table;
}

// In a Query. Where a batch before it is open at a server, that one has the last word.
void SessionCore::end_local_query(const std::optional<Error>& error) {
  if (!is_batch_open_) {
    if (error) to_client_error(*error);
    return to_client_ready();
  }
  if (error) refuse_statement(*error);
  give_up_replay(ReplayObstacle::gateway_command);
  requests_.back().note_answered_here();
  sync_batch();
}

// False: the answer has been asked for.
bool SessionCore::answer_local_query(const TraitsPtr& traits, std::string_view sql) {
  const auto table = ask(*traits, sql);
  if (!table) return false;
  if (table->has_error()) {
    end_local_query(table->error());
    return true;
  }
  build_.clear();
  const TextTable& rows = **table;
  if (!rows.columns.empty()) append_names(build_, rows);
  for (const auto& row : rows.rows) append_row(build_, row);
  wire::append_command_complete(build_, rows.command_tag);
  to_client_copy(as_bytes(build_));
  if (traits->is_gateway_command() && traits->gateway.rest_begin < sql.size()) {
    wire::append_query(input_.next_rest, sql.substr(traits->gateway.rest_begin));
  } else {
    end_local_query(std::nullopt);
  }
  return true;
}

std::size_t SessionCore::consume_local(Bytes input, Head head) {
  if (input.size() < head.total) return 0;
  const Bytes body = input.subspan(wire::kHeaderSize, head.total - wire::kHeaderSize);
  bool is_done = true;
  switch (static_cast<ClientTag>(head.tag)) {
    case ClientTag::parse: is_done = local_parse(body); break;
    case ClientTag::bind: is_done = local_bind(body); break;
    case ClientTag::describe: is_done = local_describe(body); break;
    case ClientTag::execute: is_done = local_execute(body); break;
    case ClientTag::close: local_close(body); break;
    case ClientTag::flush: local_.is_batch_open = false; break;  // what follows may be for a server
    case ClientTag::sync:
      local_.is_batch_open = false;
      local_.portals.clear();
      to_client_ready();
      break;
    default: break;
  }
  return is_done ? head.total : 0;
}

void SessionCore::local_done(wire::ServerTag tag) {
  build_.clear();
  wire::append_bodiless(build_, tag);
  to_client_copy(as_bytes(build_));
}

bool SessionCore::local_parse(Bytes body) {
  give_up_replay(ReplayObstacle::names);
  const auto parse = wire::parse_parse(body);
  if (!parse) return close_with(parse.error(), CloseReason::protocol_violation), false;
  const TraitsPtr traits = traits_of(parse->sql);
  if (parse->statement.empty()) {
    prepared_.unnamed.sql.assign(parse->sql);
    prepared_.unnamed.types.assign(as_text(parse->types));
    prepared_.unnamed.traits = traits;
    prepared_.unnamed.serial = ++env_.unnamed_serials;
  } else if (!prepared_.statements.try_emplace(std::string(parse->statement), intern(parse->sql, parse->types, traits))
                  .second) {
    fail_local(statement_exists(parse->statement));
    return true;
  }
  local_done(wire::ServerTag::parse_complete);
  return true;
}

// The batch was found to be ours before any of it was done: by now it may have closed or deallocated the statement.
std::optional<LocalStatement> SessionCore::local_statement(std::string_view name) const {
  if (name.empty()) {
    if (prepared_.unnamed.serial == 0) return std::nullopt;
    return LocalStatement{prepared_.unnamed.sql, prepared_.unnamed.types, prepared_.unnamed.traits};
  }
  const auto found = prepared_.statements.find(name);
  if (found == prepared_.statements.end()) return std::nullopt;
  return LocalStatement{found->second->sql, found->second->types, found->second->traits};
}

bool SessionCore::local_bind(Bytes body) {
  const auto bind = wire::parse_bind_head(body, true);
  if (!bind) return close_with(bind.error(), CloseReason::protocol_violation), false;
  const auto statement = local_statement((*bind)->statement);
  if (!statement) return fail_local(no_statement((*bind)->statement)), true;
  note_asked(statement->sql);
  local_.portals.insert_or_assign(std::string((*bind)->portal),
                                  LocalPortal{.sql = std::string(statement->sql), .traits = statement->traits});
  local_done(wire::ServerTag::bind_complete);
  return true;
}

// True if portal.table is there, or an error was told: then the portal may be gone.
bool SessionCore::has_local_table(LocalPortal& portal) {
  if (portal.table) return true;
  auto table = ask(*portal.traits, portal.sql);
  if (!table) return false;
  if (table->has_error()) {
    fail_local(table->error());
  } else {
    portal.table = std::move(**table);
  }
  return true;
}

bool SessionCore::local_describe(Bytes body) {
  const auto target = wire::parse_target(body);
  if (!target) return close_with(target.error(), CloseReason::protocol_violation), false;
  build_.clear();
  if (target->target == wire::Target::statement) {
    const auto statement = local_statement(target->name);
    if (!statement) return fail_local(no_statement(target->name)), true;
    LocalPortal probe{.sql = std::string(statement->sql), .traits = statement->traits};
    if (!has_rows(*statement->traits)) {
      probe.table = TextTable{};
    } else if (!has_local_table(probe)) {
      return false;
    }
    if (!probe.table) return true;
    build_.clear();
    wire::append_parameter_description(build_, parameter_types(probe.sql, statement->types));
    append_columns(build_, *probe.table);
  } else {
    const auto found = local_.portals.find(target->name);
    if (found == local_.portals.end()) return fail_local(no_portal(target->name)), true;
    const bool has_table = has_rows(*found->second.traits);
    if (has_table && !has_local_table(found->second)) return false;
    const auto portal = local_.portals.find(target->name);
    if (portal == local_.portals.end() || (has_table && !portal->second.table)) return true;
    build_.clear();
    append_columns(build_, portal->second.table.value_or(TextTable{}));
  }
  to_client_copy(as_bytes(build_));
  return true;
}

bool SessionCore::local_execute(Bytes body) {
  const auto execute = wire::parse_execute(body);
  if (!execute) return close_with(execute.error(), CloseReason::protocol_violation), false;
  const auto found = local_.portals.find(execute->portal);
  if (found == local_.portals.end()) return fail_local(no_portal(execute->portal)), true;
  if (!has_local_table(found->second)) return false;
  const auto asked = local_.portals.find(execute->portal);
  if (asked == local_.portals.end() || !asked->second.table) return true;
  LocalPortal& portal = asked->second;
  const TextTable& table = *portal.table;
  const std::size_t left = table.rows.size() - portal.rows_sent;
  const bool is_limited = execute->max_rows > 0 && static_cast<std::size_t>(execute->max_rows) < left;
  const std::size_t count = is_limited ? static_cast<std::size_t>(execute->max_rows) : left;
  build_.clear();
  for (std::size_t i = 0; i < count; ++i) append_row(build_, table.rows[portal.rows_sent + i]);
  portal.rows_sent += count;
  if (is_limited) {
    wire::append_bodiless(build_, wire::ServerTag::portal_suspended);
  } else {
    wire::append_command_complete(build_, table.command_tag);
  }
  to_client_copy(as_bytes(build_));
  return true;
}

void SessionCore::local_close(Bytes body) {
  give_up_replay(ReplayObstacle::names);
  const auto target = wire::parse_target(body);
  if (!target) return close_with(target.error(), CloseReason::protocol_violation);
  if (target->target == wire::Target::portal) {
    if (const auto portal = local_.portals.find(target->name); portal != local_.portals.end())
      local_.portals.erase(portal);
  } else if (target->name.empty()) {
    prepared_.unnamed.serial = 0;
  } else if (const auto found = prepared_.statements.find(target->name); found != prepared_.statements.end()) {
    prepared_.statements.erase(found);
  }
  local_done(wire::ServerTag::close_complete);
}

void SessionCore::fail_local(const Error& error) {
  if (is_batch_open_) return refuse_statement(error);  // with it the server undoes what came before in the batch
  local_.is_batch_open = false;
  local_.portals.clear();
  fail_batch(error);
}

}  // namespace howdah
