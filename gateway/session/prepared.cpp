// Prepared statements of the protocol follow the client from one server connection to another: the client's name stands
// for a text with types, which has one name on all servers and is prepared where it is missing. The unnamed statement
// is remembered, too, and made again where somebody else's stands in its place.
#include <algorithm>

#include "gateway/session/session_core.hpp"
#include "gateway/session/session_errors.hpp"

namespace howdah {

using namespace session;

namespace {

// A name nobody prepares: binding it makes the server fail the batch as the client's own mistake would have.
constexpr std::string_view kNoSuchStatement = "howdah_none";

}  // namespace

// An earlier batch, not answered yet, changes what the name stands for, or whether the server has the statement: an
// error in that batch would skip the change. What depends on it must wait for the answer.
bool SessionCore::is_in_doubt(std::string_view client_name, std::uint64_t number) const {
  if (!prepared_.has_unsettled_names || requests_.size() < 2) return false;
  const auto earlier = backend_->ledger.complete_groups();
  return std::any_of(earlier.begin(), earlier.end(), [&](const Owed& owed) {
    const bool is_only_used = owed.kind == AnswerKind::bind || owed.kind == AnswerKind::describe;
    if (!is_only_used && !owed.name.empty() && owed.name == client_name) return true;
    return number != 0 && owed.tag == number && (owed.kind == AnswerKind::parse || owed.kind == AnswerKind::close);
  });
}

bool SessionCore::is_in_doubt(std::string_view client_name) const {
  if (!prepared_.has_unsettled_names || requests_.size() < 2) return false;
  if (client_name.empty()) return is_unnamed_in_doubt();
  const auto found = prepared_.statements.find(client_name);
  return is_in_doubt(client_name, found == prepared_.statements.end() ? 0 : found->second->number);
}

// A Parse in the batch at hand decides it, whatever came before.
bool SessionCore::is_unnamed_in_doubt() const {
  const auto parses_unnamed = [](const Owed& owed) {
    return owed.kind == AnswerKind::parse && (owed.tag & kUnnamedTag) != 0;
  };
  const auto earlier = backend_->ledger.complete_groups();
  const auto own = backend_->ledger.entries().subspan(earlier.size());
  return std::none_of(own.begin(), own.end(), parses_unnamed) &&
         std::any_of(earlier.begin(), earlier.end(), parses_unnamed);
}

void SessionCore::make_room() {
  const auto oldest = backend_->prepared.oldest_beyond(options_.max_prepared_statements);
  if (!oldest) return;
  build_.clear();
  wire::append_close(build_, wire::Target::statement, catalog_name(*oldest));
  to_server_copy(as_bytes(build_));
  backend_->prepared.remove(*oldest);
  prepared_.has_unsettled_names = true;
  backend_->ledger.owe({AnswerKind::close, Audience::nobody, *oldest});
}

void SessionCore::ensure_prepared(const PreparedStatement& statement) {
  if (backend_->prepared.touch(statement.number)) return;
  make_room();
  build_.clear();
  wire::append_parse_as(build_, statement.name, statement.sql, as_bytes(statement.types));
  to_server_copy(as_bytes(build_));
  backend_->prepared.add(statement.number);
  prepared_.has_unsettled_names = true;
  backend_->ledger.owe({AnswerKind::parse, Audience::nobody, statement.number});
}

// False: the client has none. (The server connection may have one, but it is somebody else's.)
bool SessionCore::ensure_unnamed() {
  if (prepared_.unnamed.serial == 0) return false;
  if (backend_->unnamed_serial == prepared_.unnamed.serial) return true;
  if (prepared_.unnamed.sql.empty() && prepared_.unnamed.traits->parse == ParseOutcome::too_long)
    return false;  // was not kept
  build_.clear();
  wire::append_parse_as(build_, "", prepared_.unnamed.sql, as_bytes(prepared_.unnamed.types));
  to_server_copy(as_bytes(build_));
  backend_->unnamed_serial = prepared_.unnamed.serial;
  prepared_.has_unsettled_names = true;
  backend_->ledger.owe({AnswerKind::parse, Audience::nobody, kUnnamedTag | prepared_.unnamed.serial});
  return true;
}

// The name to use on the server, where the statement then exists, or fails with what the client must hear.
std::string_view SessionCore::server_name(std::string_view client_name, Owed& owed) {
  if (client_name.empty()) {
    log_unnamed_use();
    if (ensure_unnamed()) return client_name;
    build_.clear();
    wire::append_error(build_, no_statement(client_name));
    owed.text = build_;
    return kNoSuchStatement;
  }
  const auto found = prepared_.statements.find(client_name);
  if (found != prepared_.statements.end()) {
    const auto known = backend_->names.find(client_name);
    const bool is_known = known != backend_->names.end() && known->second == found->second->number;
    if (found->second->is_sql() || is_known) {
      make_name(found->first);
      owed.tag = found->second->number;
      return client_name;
    }
    ensure_prepared(*found->second);
    owed.tag = found->second->number;
    owed.name = found->first;  // of two for the same text
    return found->second->name;
  }
  // The session may be pinned because the server knows; if not, the server says that it does not exist.
  if (backend_->names.contains(client_name)) drop_name(std::string(client_name));
  if (!looks_like_catalog_name(client_name)) return client_name;
  build_.clear();
  wire::append_error(build_, no_statement(client_name));
  owed.text = build_;
  return kNoSuchStatement;
}

// Makes the server fail here and the client hear `error`.
void SessionCore::refuse_statement(const Error& error) {
  build_.clear();
  wire::append_bind_head(build_, "", kNoSuchStatement, 6);
  build_.append(6, '\0');  // no formats, no parameters, no result formats
  to_server_copy(as_bytes(build_));
  build_.clear();
  wire::append_error(build_, error);
  backend_->ledger.owe({.kind = AnswerKind::bind, .text = build_});
}

// The name is taken, which PostgreSQL finds last: after what is wrong with the text, or that the transaction has failed. The
// server must fail, too, so that what came before in the batch is undone.
void SessionCore::refuse_second_parse(const PreparedStatement& statement, const wire::Parse& parse) {
  if (!is_failed_here() || leaves_failure(statement.traits->kind)) {
    ensure_prepared(statement);
    return refuse_statement(statement_exists(parse.statement));
  }
  build_.clear();
  wire::append_parse_as(build_, statement.name, parse.sql, parse.types);
  to_server_copy(as_bytes(build_));
  backend_->ledger.owe({.kind = AnswerKind::parse});
}

// The server failed before, or at, this message: what was noted when it was sent is not so.
void SessionCore::undo(const Owed& dropped) {
  if ((dropped.tag & kNameTag) != 0 && (dropped.tag & kUnnamedTag) == 0) return undo_name(dropped);
  switch (dropped.kind) {
    case AnswerKind::parse:
      if ((dropped.tag & kUnnamedTag) != 0) return undo_unnamed(dropped, false);
      if (backend_ != nullptr && dropped.tag != 0) backend_->prepared.remove(dropped.tag);
      if (!dropped.name.empty()) prepared_.statements.erase(dropped.name);
      return;
    case AnswerKind::close:
      if (dropped.tag != 0 && backend_ != nullptr) backend_->prepared.add(dropped.tag);
      return;
    case AnswerKind::local: {
      if (dropped.name.empty() || dropped.text.empty()) return;
      if (dropped.text[0] == static_cast<char>(wire::ServerTag::parse_complete)) {
        prepared_.statements.erase(dropped.name);
        return;
      }
      for (const PreparedStatementPtr& statement : prepared_.closed)
        if (statement->number == dropped.tag) prepared_.statements.insert_or_assign(dropped.name, statement);
      return;
    }
    default: return;
  }
}

// A Query does, whoever answers it (manual "Extended Query").
void SessionCore::drop_unnamed() {
  if (replay_ != nullptr && replay_->is_old_unnamed_used) give_up_replay(ReplayObstacle::names);
  prepared_.unnamed.serial = 0;
}

// A Parse of the client's is about to be sent. An error before it in its batch would skip it.
void SessionCore::replace_unnamed() {
  const std::uint64_t serial = ++env_.unnamed_serials;
  const bool may_be_skipped = backend_->ledger.complete_groups().size() != backend_->ledger.size();
  if (may_be_skipped) prepared_.replaced_unnamed.push_back({serial, backend_->unnamed_serial, std::move(prepared_.unnamed)});
  drop_unnamed();
  prepared_.unnamed.serial = serial;
}

// A Parse was skipped, which leaves what there was; or it has failed, and leaves none (postgres.c, exec_parse_message). A later
// one may have taken its place already. One of ours leaves the client with the statement it had.
void SessionCore::undo_unnamed(const Owed& dropped, bool has_failed) {
  const std::uint64_t serial = dropped.tag & ~kUnnamedTag;
  ReplacedUnnamed before;
  if (!prepared_.replaced_unnamed.empty() && prepared_.replaced_unnamed.back().by == serial) {
    if (!has_failed) before = std::move(prepared_.replaced_unnamed.back());
    prepared_.replaced_unnamed.pop_back();
  }
  if (backend_ != nullptr && backend_->unnamed_serial == serial) backend_->unnamed_serial = before.on_server;
  if (prepared_.unnamed.serial == serial && dropped.audience == Audience::client) prepared_.unnamed = std::move(before.statement);
}

// What a Parse, Bind or Describe of a named statement is about; nullptr if the client has it no more.
PreparedStatementPtr SessionCore::statement_of(const Owed& owed) const {
  if (owed.tag == 0 || (owed.tag & (kUnnamedTag | kNameTag)) != 0) return nullptr;
  if (const auto found = prepared_.statements.find(owed.name);
      found != prepared_.statements.end() && found->second->number == owed.tag)
    return found->second;
  for (const auto& [name, statement] : prepared_.statements)
    if (statement->number == owed.tag) return statement;
  return nullptr;
}

PreparedStatementPtr SessionCore::intern(std::string_view sql, Bytes types, const TraitsPtr& traits) {
  std::string scope = statement_scope();
  // Of a text with EXECUTE the meaning hangs on the client's names, of FETCH on its cursors: nobody else's, and not even its own
  // of another time.
  const bool is_own = !traits->statement_names.empty() || traits->kind == StatementKind::fetch;
  if (!types.empty() && is_own) scope += std::to_string(++env_.unnamed_serials) + '\0';
  return env_.catalog.intern(scope, sql, types, traits);
}

// What a text means after a change of the schema is another statement: who prepares it then must not meet the old one.
std::string SessionCore::statement_scope() const {
  return prepared_.scope + std::to_string(env_.schema_changes->load(std::memory_order_relaxed)) + '\0';
}

// The message the server's error is about.
void SessionCore::undo_failed(const Owed& failed, std::string_view sqlstate) {
  if (failed.kind == AnswerKind::parse)
    if (const PreparedStatementPtr statement = statement_of(failed)) statement->is_accepted = false;
  if (failed.kind == AnswerKind::parse && (failed.tag & kUnnamedTag) != 0) return undo_unnamed(failed, true);
  undo(failed);
  if (failed.tag == 0 || (failed.tag & (kUnnamedTag | kNameTag)) != 0) return;
  if (failed.kind == AnswerKind::parse && sqlstate == "42P05") backend_->prepared.add(failed.tag);
  if (failed.kind != AnswerKind::bind && failed.kind != AnswerKind::describe) return;
  // The server says that its plan is out of date: a client that prepares the same text again gets a new one.
  if (const PreparedStatementPtr old = sqlstate == "0A000" ? statement_of(failed) : nullptr) env_.catalog.retire(*old);
  // Somebody deallocated it behind our back; it is made again when it is used next.
  if (sqlstate == "26000") backend_->prepared.remove(failed.tag);
  if (sqlstate == "26000") std::erase_if(backend_->names, [&](const auto& one) { return one.second == failed.tag; });
}

// What the client calls the statement an error is about. It may have closed it since.
std::string_view SessionCore::client_name_of(const Owed& failed) const {
  if (!failed.name.empty()) return failed.name;
  for (const auto& [name, statement] : prepared_.statements)
    if (statement->number == failed.tag) return name;
  for (const Owed& owed : backend_->ledger.entries())
    if (owed.kind == AnswerKind::local && owed.tag == failed.tag && !owed.name.empty()) return owed.name;
  return {};
}

// The server's error (its whole message) as if it knew the statement under the client's name.
Bytes SessionCore::with_client_name(Bytes message, const Owed& failed) {
  if (failed.tag == 0 || (failed.tag & kUnnamedTag) != 0 || failed.kind == AnswerKind::sync) return message;
  const std::string ours = catalog_name(failed.tag);
  std::string body(as_text(message.subspan(wire::kHeaderSize)));
  std::size_t at = body.find(ours);
  if (at == std::string::npos) return message;
  const std::string_view theirs = client_name_of(failed);
  for (; at != std::string::npos; at = body.find(ours, at + theirs.size())) body.replace(at, ours.size(), theirs);
  build_.clear();
  wire::append_header(build_, message[0], static_cast<std::uint32_t>(body.size()));
  build_ += body;
  return scratch_.keep(as_bytes(build_));
}

// DISCARD ALL or DEALLOCATE ALL has been done: of all that have names.
void SessionCore::forget_statements() {
  prepared_.statements.clear();
  prepared_.has_sql_statements = false;
  backend_->prepared.clear();
  backend_->names.clear();
}

}  // namespace howdah
