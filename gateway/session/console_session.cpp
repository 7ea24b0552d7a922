#include "gateway/session/console_session.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "gateway/session/result_format.hpp"
#include "gateway/wire/body.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"

namespace howdah {

using namespace session;
using wire::ClientTag;

namespace {

struct Reported {
  std::string_view name;
  std::string_view value;
};

// What PgBouncer's console reports at login, in its order; server_version goes first.
constexpr std::array kReported{
    Reported{"client_encoding", "UTF8"},         Reported{"server_encoding", "UTF8"},
    Reported{"DateStyle", "ISO"},                Reported{"TimeZone", "GMT"},
    Reported{"standard_conforming_strings", "on"}, Reported{"is_superuser", "on"},
};

constexpr std::string_view kBlank = " \t\r\n\f\v;";

bool is_blank(std::string_view sql) { return sql.find_first_not_of(kBlank) == std::string_view::npos; }

// Whether the command answers with rows, so that Describe must run it to know the columns. Others change something and
// run at Execute only.
bool has_rows(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(kBlank), sql.size()));
  std::string word;
  for (const char c : sql.substr(0, sizeof("select") - 1)) word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word == "select" || word.starts_with("show") || word.starts_with("/*") || word.starts_with("--");
}

Error unknown(ErrorCode code, std::string_view what, std::string_view name) {
  return {code, std::string(what) + " \"" + std::string(name) + "\" does not exist"};
}

}  // namespace

ConsoleSession::ConsoleSession(ClientIdentity identity, Surroundings& surroundings)
    : identity_(std::move(identity)), env_(surroundings), traffic_(env_.traffic.of(identity_.database)) {}

void ConsoleSession::on(const Event& event, Instant now, Actions<Action>& out) {
  now_ = now;
  out_ = &out;
  reply_.clear();
  std::visit([this](const auto& one) { handle(one); }, event);
  advance();
  traffic_.sent += reply_.size();
  if (!reply_.empty()) out.push(ToClient{as_bytes(reply_)});
  if (close_reason_) out.push(CloseClient{*std::exchange(close_reason_, std::nullopt)});
  out_ = nullptr;
}

SessionState ConsoleSession::state() const {
  if (is_closed_) return SessionState::closed;
  return is_waiting_ ? SessionState::waiting_local : SessionState::idle;
}

// ---- events

void ConsoleSession::handle(const LoggedIn&) {
  idle_since_ = now_;
  wire::append_parameter_status(reply_, "server_version", env_.console_version);
  for (const Reported& row : kReported) wire::append_parameter_status(reply_, row.name, row.value);
  wire::append_backend_key(reply_, identity_.cancel_key);
  wire::append_ready(reply_, TransactionStatus::idle);
}

void ConsoleSession::handle(const ClientBytes& event) {
  if (is_closed_) return;
  traffic_.received += event.bytes.size();
  held_.append(event.bytes);
}

void ConsoleSession::handle(const ClientGone&) {
  if (!is_closed_) close(CloseReason::client_vanished);
}

void ConsoleSession::handle(const LocalAnswer& event) {
  if (!is_waiting_) return;
  is_waiting_ = false;
  idle_since_ = now_;
  answer_.emplace(event.table);
  traffic_.query_time += now_ - busy_since_;
  traffic_.transaction_time += now_ - busy_since_;
}

// The command that is being waited for is withdrawn; its answer is then an error.
void ConsoleSession::handle(const CancelAsked&) {
  if (is_waiting_) out_->push(WithdrawLocal{});
}

void ConsoleSession::handle(const ShutDown&) { is_shutting_down_ = true; }

void ConsoleSession::handle(const Evicted& event) { close_with(event.error, CloseReason::evicted); }

// ---- messages

void ConsoleSession::advance() {
  while (!is_closed_ && !is_waiting_ && !held_.empty()) {
    const Bytes input = held_.view();
    const wire::MessageType* type = wire::find_message_type(wire::Sender::client, input[0]);
    if (type == nullptr)
      return close_with({ErrorCode::protocol_violation, "invalid frontend message type"}, CloseReason::protocol_violation);
    if (input.size() < wire::kHeaderSize) break;
    const std::size_t length = load_u32(input.data() + 1);
    if (length < wire::kEmptyBody || length > std::min<std::size_t>(type->max_length, kLongestMessage - 1))
      return close_with({ErrorCode::protocol_violation, "invalid message length"}, CloseReason::protocol_violation);
    if (input.size() < length + 1) break;
    if (!take(input[0], input.subspan(wire::kHeaderSize, length + 1 - wire::kHeaderSize))) break;
    held_.drop(length + 1);
  }
  held_.shrink();
  if (is_shutting_down_ && !is_waiting_ && !is_closed_)
    close_with({ErrorCode::shutting_down, "terminating connection because the gateway is shutting down"},
               CloseReason::shutting_down);
}

bool ConsoleSession::take(char tag, Bytes body) {
  const auto message = static_cast<ClientTag>(tag);
  if (message == ClientTag::terminate) return close(CloseReason::client_terminated), true;
  if (message == ClientTag::sync) {
    is_skipping_ = false;
    portals_.clear();
    append_ready();
    return true;
  }
  if (is_skipping_) return true;
  switch (message) {
    case ClientTag::query: return take_query(body);
    case ClientTag::parse: return take_parse(body), true;
    case ClientTag::bind: return take_bind(body), true;
    case ClientTag::describe: return take_describe(body);
    case ClientTag::execute: return take_execute(body);
    case ClientTag::close: return take_close(body), true;
    case ClientTag::function_call:
      wire::append_error(reply_, Error{ErrorCode::feature_not_supported, "the console has no functions"});
      append_ready();
      return true;
    case ClientTag::password:
      close_with({ErrorCode::protocol_violation, "unexpected password message"}, CloseReason::protocol_violation);
      return true;
    default: return true;  // Flush, and what is left over of a COPY
  }
}

bool ConsoleSession::take_query(Bytes body) {
  const auto query = wire::parse_query(body);
  if (!query) return close_with(query.error(), CloseReason::protocol_violation), true;
  if (is_blank(query->sql)) {
    wire::append_bodiless(reply_, wire::ServerTag::empty_query);
    append_ready();
    return true;
  }
  const auto answer = ask(query->sql);
  if (!answer) return false;
  if (answer->has_error()) {
    wire::append_error(reply_, answer->error(), Severity::error);
  } else {
    const TextTable& table = **answer;
    append_notice(table);
    append_table_head(reply_, table);
    for (std::size_t row = 0; row < table.rows.size(); ++row) append_table_row(reply_, table, row);
    wire::append_command_complete(reply_, table.command_tag);
  }
  append_ready();
  return true;
}

void ConsoleSession::take_parse(Bytes body) {
  const auto parse = wire::parse_parse(body);
  if (!parse) return close_with(parse.error(), CloseReason::protocol_violation);
  const bool is_taken = !parse->statement.empty() && statements_.contains(parse->statement);
  if (is_taken)
    return fail({ErrorCode::statement_exists, "prepared statement \"" + std::string(parse->statement) + "\" already exists"});
  statements_.insert_or_assign(std::string(parse->statement), std::string(parse->sql));
  wire::append_bodiless(reply_, wire::ServerTag::parse_complete);
}

void ConsoleSession::take_bind(Bytes body) {
  const auto head = wire::parse_bind_head(body, true);
  if (!head) return close_with(head.error(), CloseReason::protocol_violation);
  const auto found = statements_.find((*head)->statement);
  if (found == statements_.end())
    return fail(unknown(ErrorCode::statement_unknown, "prepared statement", (*head)->statement));
  wire::BodyReader reader(body.subspan((*head)->rest));
  reader.take_bytes(std::size_t{reader.take_u16()} * 2);  // formats of the parameters
  const std::uint16_t parameters = reader.take_u16();
  if (parameters > 0)
    return fail({ErrorCode::console_command, "bind message supplies parameters, but the command takes none"});
  Portal portal{.sql = found->second, .formats = {}, .table = {}};
  for (std::uint16_t left = reader.take_u16(); left > 0 && !reader.is_broken(); --left)
    portal.formats.push_back(reader.take_u16());
  if (!reader.is_done()) return close_with(wire::malformed(ClientTag::bind), CloseReason::protocol_violation);
  portals_.insert_or_assign(std::string((*head)->portal), std::move(portal));
  wire::append_bodiless(reply_, wire::ServerTag::bind_complete);
}

bool ConsoleSession::take_describe(Bytes body) {
  const auto target = wire::parse_target(body);
  if (!target) return close_with(target.error(), CloseReason::protocol_violation), true;
  Portal probe;
  Portal* portal = &probe;
  if (target->target == wire::Target::statement) {
    const auto found = statements_.find(target->name);
    if (found == statements_.end())
      return fail(unknown(ErrorCode::statement_unknown, "prepared statement", target->name)), true;
    probe.sql = found->second;
  } else {
    const auto found = portals_.find(target->name);
    if (found == portals_.end()) return fail(unknown(ErrorCode::portal_unknown, "portal", target->name)), true;
    portal = &found->second;
  }
  const bool is_run = has_rows(portal->sql) && !is_blank(portal->sql);
  if (is_run && !has_table(*portal)) return false;
  if (is_run && !portal->table) return true;  // the error was told
  if (target->target == wire::Target::statement) wire::append_parameter_description(reply_, {});
  if (portal->table && !portal->table->columns.empty()) {
    append_table_head(reply_, *portal->table, portal->formats);
  } else {
    wire::append_bodiless(reply_, wire::ServerTag::no_data);
  }
  return true;
}

bool ConsoleSession::take_execute(Bytes body) {
  const auto execute = wire::parse_execute(body);
  if (!execute) return close_with(execute.error(), CloseReason::protocol_violation), true;
  const auto found = portals_.find(execute->portal);
  if (found == portals_.end()) return fail(unknown(ErrorCode::portal_unknown, "portal", execute->portal)), true;
  Portal& portal = found->second;
  if (is_blank(portal.sql)) return wire::append_bodiless(reply_, wire::ServerTag::empty_query), true;
  if (!has_table(portal)) return false;
  if (!portal.table) return true;
  const TextTable& table = *portal.table;
  if (portal.rows_sent == 0) append_notice(table);
  const std::size_t left = table.rows.size() - portal.rows_sent;
  const bool is_limited = execute->max_rows > 0 && static_cast<std::size_t>(execute->max_rows) < left;
  const std::size_t end = portal.rows_sent + (is_limited ? static_cast<std::size_t>(execute->max_rows) : left);
  for (; portal.rows_sent < end; ++portal.rows_sent)
    append_table_row(reply_, table, portal.rows_sent, portal.formats);
  if (is_limited) {
    wire::append_bodiless(reply_, wire::ServerTag::portal_suspended);
  } else {
    wire::append_command_complete(reply_, table.command_tag);
  }
  return true;
}

void ConsoleSession::take_close(Bytes body) {
  const auto target = wire::parse_target(body);
  if (!target) return close_with(target.error(), CloseReason::protocol_violation);
  if (target->target == wire::Target::statement) {
    if (const auto found = statements_.find(target->name); found != statements_.end()) statements_.erase(found);
  } else if (const auto found = portals_.find(target->name); found != portals_.end()) {
    portals_.erase(found);
  }
  wire::append_bodiless(reply_, wire::ServerTag::close_complete);
}

// ---- commands

std::optional<Result<TextTable>> ConsoleSession::ask(std::string_view sql) {
  if (answer_) return std::exchange(answer_, std::nullopt);
  is_waiting_ = true;
  busy_since_ = now_;
  last_command_.assign(sql);
  ++traffic_.queries;
  ++traffic_.transactions;
  out_->push(AskLocal{std::string(sql)});
  return std::nullopt;
}

bool ConsoleSession::has_table(Portal& portal) {
  if (portal.table) return true;
  auto answer = ask(portal.sql);
  if (!answer) return false;
  if (answer->has_error()) {
    fail(answer->error());
  } else {
    portal.table = std::move(**answer);
  }
  return true;
}

void ConsoleSession::append_notice(const TextTable& table) {
  if (!table.notice.empty()) wire::append_notice(reply_, {.message = table.notice, .detail = table.notice_detail});
}

void ConsoleSession::append_ready() { wire::append_ready(reply_, TransactionStatus::idle); }

void ConsoleSession::fail(const Error& error) {
  wire::append_error(reply_, error, Severity::error);
  is_skipping_ = true;
}

void ConsoleSession::close_with(const Error& error, CloseReason reason) {
  if (is_closed_) return;
  wire::append_error(reply_, error, Severity::fatal);
  close(reason);
}

void ConsoleSession::close(CloseReason reason) {
  is_closed_ = true;
  is_waiting_ = false;
  held_.clear();
  close_reason_ = reason;
}

}  // namespace howdah
