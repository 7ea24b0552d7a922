// PREPARE, EXECUTE and DEALLOCATE follow the client as the protocol's statements do; both share one set of names. A
// server connection has clients' statements under the clients' own names, so that every text runs as it is written:
// before a statement that uses a name, the connection is made to have just what the client calls so. What is put in for
// that are messages of the extended protocol, because they fit into a batch, too. A text that prepares or deallocates
// among other things leaves the names to the server, and the session with it, until DEALLOCATE ALL.
#include <algorithm>
#include <array>
#include <utility>

#include "conf/words.hpp"
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

namespace {

constexpr std::string_view kMaker = "howdah_maker";  // statement and portal that run a PREPARE, for that long

bool is_alone(const Traits& traits, StatementKind kind) { return traits.kind == kind && traits.statement_count == 1; }

// As the prepared statement may run, but for what the comments before EXECUTE ask for.
TraitsPtr as_executed(const Traits& execute, const TraitsPtr& prepared) {
  if (!execute.has_no_load_balance && !execute.read_consistency) return prepared;
  Traits both = *prepared;
  both.has_no_load_balance |= execute.has_no_load_balance;
  if (execute.read_consistency) both.read_consistency = execute.read_consistency;
  return std::make_shared<const Traits>(std::move(both));
}

bool leaves_names_to_server(const Traits& traits) {
  return traits.statement_count > 1 && (traits.pins.has(PinReason::prepared) || traits.drops_statements);
}

// As its text tells; what the columns of others are only the server could say.
bool returns_nothing(const PreparedStatement& statement) {
  constexpr std::array kChanges{StatementKind::insert, StatementKind::update, StatementKind::delete_rows, StatementKind::merge};
  return std::ranges::find(kChanges, statement.traits->kind) != kChanges.end() && statement.traits->statement_count == 1 &&
         conf::lower_case(statement.sql).find("returning") == std::string::npos;
}

wire::ServerTag answer_of(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::parse: return wire::ServerTag::parse_complete;
    case AnswerKind::bind: return wire::ServerTag::bind_complete;
    default: return wire::ServerTag::no_data;
  }
}

}  // namespace

// What decides where a statement runs: of EXECUTE, what it executes; of EXPLAIN EXECUTE, that if it reads.
TraitsPtr SessionCore::traits_in_force(const TraitsPtr& traits) {
  if (traits->statement_count != 1 || !traits->stands_for_prepared()) return traits;
  const auto found = prepared_.statements.find(traits->prepared_name);
  if (found == prepared_.statements.end()) return traits;
  refresh(*found->second);
  const Traits& inner = *found->second->traits;
  const bool is_plain = inner.statement_count == 1 && !inner.has_transaction_control && inner.statement_names.empty() &&
                        !inner.is_gateway_command();
  const bool is_explained = traits->kind == StatementKind::explain;
  if (!is_plain || (is_explained && !inner.verdict.may_use_replica)) return traits;
  return as_executed(*traits, found->second->traits);
}

// Whether it matters to the statement which names the server connection knows.
bool SessionCore::looks_at_names(const Traits& traits) const {
  if (!traits.statement_names.empty() || traits.shows_statements || leaves_names_to_server(traits)) return true;
  return traits.pins.has(PinReason::opaque) &&
         (prepared_.has_sql_statements || (backend_ != nullptr && !backend_->names.empty()));
}

// Before a Query or FunctionCall: a group of its own, so that the Query is not part of it. Behind an open batch a Sync would end
// the batch's transaction, so they become part of that; false: they must be answered first.
bool SessionCore::make_names_for_query(const Traits& traits) {
  const bool is_made = is_batch_open_ && requests_.back().has_query_names;
  if (is_made || !looks_at_names(traits) || client_status() == TransactionStatus::failed) return true;
  const std::size_t before = backend_->ledger.size();
  make_names(traits, !is_batch_open_);
  if (backend_->ledger.size() == before) return true;
  if (!is_batch_open_) return end_names(Injected::statements), true;
  requests_.back().has_query_names = true;
  answer_.is_flush_sent = false;
  bring_answers();
  return false;
}

void SessionCore::end_names(Injected what) {
  build_.clear();
  wire::append_sync(build_);
  to_server_copy(as_bytes(build_));
  backend_->ledger.owe({AnswerKind::sync, Audience::nobody, static_cast<std::uint64_t>(what)});
}

// The server will run the statement now. `is_apart`: what is sent for it is no part of the client's batch.
void SessionCore::make_names(const Traits& traits, bool is_apart) {
  if (pins_.has(PinReason::prepared)) return;  // it knows better
  if (backend_->names.size() > options_.max_prepared_statements) {
    const auto too_many = backend_->names;
    for (const auto& [name, number] : too_many) drop_name(name);
  }
  if (leaves_names_to_server(traits)) return leave_names_to_server();
  const auto executed = traits.kind == StatementKind::execute ? prepared_.statements.find(traits.prepared_name)
                                                             : prepared_.statements.end();
  const Traits& inner = executed == prepared_.statements.end() ? traits : *executed->second->traits;
  if (traits.shows_statements || inner.shows_statements) return make_own_names(is_apart);
  for (const std::string& name : traits.statement_names) make_name(name);
  if (traits.pins.has(PinReason::opaque) || inner.pins.has(PinReason::opaque)) make_sql_names(is_apart);
}

// The statement may use any name PREPARE can give. Apart, one that cannot be made any more fails only what uses it: outside a
// transaction, that is.
void SessionCore::make_sql_names(bool is_apart) {
  const bool is_each_apart = is_apart && backend_->ledger.status() == TransactionStatus::idle;
  const auto known = backend_->names;
  for (const auto& [name, number] : known) {
    const auto wanted = prepared_.statements.find(name);
    if (wanted == prepared_.statements.end() || wanted->second->number != number) drop_name(name);
  }
  for (const auto& [name, statement] : prepared_.statements) {
    const std::size_t before = backend_->ledger.size();
    if (statement->is_sql()) make_name(name);
    if (is_each_apart && backend_->ledger.size() != before) end_names(Injected::own_name);
  }
}

// A batch is about to be sent in which something may use any name.
void SessionCore::make_names_for_batch() {
  if (backend_->ledger.status() != TransactionStatus::idle || !prepared_.has_sql_statements) return;
  for (const Traits* traits : scan_.run)
    if (traits->pins.has(PinReason::opaque) && !pins_.has(PinReason::prepared)) return make_sql_names(true);
}

// Afterwards the name stands on the server for what it stands for with the client, or for nothing.
void SessionCore::make_name(const std::string& name) {
  const auto wanted = prepared_.statements.find(name);
  const auto known = backend_->names.find(name);
  const bool is_wanted = wanted != prepared_.statements.end();
  if (known != backend_->names.end()) {
    if (is_wanted && known->second == wanted->second->number) return;
    drop_name(name);
  }
  if (!is_wanted) return;
  const PreparedStatement& statement = *wanted->second;
  backend_->names.insert_or_assign(name, statement.number);
  prepared_.has_unsettled_names = true;
  if (statement.is_sql()) return run_prepare(name, statement);
  build_.clear();
  wire::append_parse_as(build_, name, statement.sql, as_bytes(statement.types));
  owe_for_name(AnswerKind::parse, name, statement.number);
}

void SessionCore::drop_name(const std::string& name) {
  build_.clear();
  wire::append_close(build_, wire::Target::statement, name);
  owe_for_name(AnswerKind::close, name, 0);
  prepared_.has_unsettled_names = true;
  backend_->names.erase(name);
}

void SessionCore::close_maker(wire::Target target) {
  build_.clear();
  wire::append_close(build_, target, kMaker);
  owe_for_name(AnswerKind::close, {}, 0);
}

void SessionCore::run_prepare(const std::string& name, const PreparedStatement& statement) {
  constexpr char kNoTypes[] = {0, 0};
  close_maker(wire::Target::statement);  // one that failed may have been left
  build_.clear();
  wire::append_parse_as(build_, kMaker, statement.sql, Bytes(kNoTypes, sizeof kNoTypes));
  owe_for_name(AnswerKind::parse, name, statement.number);
  build_.clear();
  wire::append_bind_head(build_, kMaker, kMaker, 6);
  build_.append(6, '\0');  // no formats, no parameters, no result formats
  owe_for_name(AnswerKind::bind, name, statement.number);
  build_.clear();
  wire::append_execute(build_, kMaker);
  owe_for_name(AnswerKind::execute, name, statement.number);
  close_maker(wire::Target::portal);
  close_maker(wire::Target::statement);
}

// Sends build_.
void SessionCore::owe_for_name(AnswerKind kind, const std::string& name, std::uint64_t number) {
  to_server_copy(as_bytes(build_));
  backend_->ledger.owe({kind, Audience::nobody, kNameTag | number, {}, name});
}

// The server skipped it, or failed at it.
void SessionCore::undo_name(const Owed& dropped) {
  if (backend_ == nullptr || dropped.name.empty()) return;
  if (dropped.kind == AnswerKind::close)
    backend_->names.insert_or_assign(dropped.name, 0);  // still there, but nobody's
  else
    backend_->names.erase(dropped.name);
}

// A name that an EXECUTE in a batch needs could not be made. PostgreSQL finds that out when it runs it, so what stands before in
// the batch succeeds. How many of the messages that were skipped are answered so.
std::size_t SessionCore::answer_up_to_execute() {
  const Owed* failed = backend_->ledger.ended();
  if (failed == nullptr || failed->audience == Audience::client || (failed->tag & (kNameTag | kUnnamedTag)) != kNameTag) return 0;
  const auto executed = prepared_.statements.find(failed->name);
  const bool has_no_columns = executed != prepared_.statements.end() && returns_nothing(*executed->second);
  bool is_execute_next = true;    // the next Bind is of it
  bool is_execute_bound = false;  // the newest is
  std::size_t count = 0;
  for (Owed one : backend_->ledger.dropped()) {
    const bool is_its_own_bind = one.kind == AnswerKind::bind && one.tag == (failed->tag & ~kNameTag);
    const bool is_told = has_no_columns && is_execute_bound && one.kind == AnswerKind::describe && one.tag == kPortalTag;
    const bool is_before = one.kind == AnswerKind::parse || (one.kind == AnswerKind::bind && !is_its_own_bind) || is_told;
    if (one.audience == Audience::client && !is_before) break;
    ++count;
    if (one.audience == Audience::client) {
      if (one.kind == AnswerKind::bind) is_execute_bound = std::exchange(is_execute_next, false);
      if (one.kind == AnswerKind::parse) is_execute_next &= (one.tag & kUnnamedTag) != 0;
      build_.clear();
      wire::append_bodiless(build_, answer_of(one.kind));
      emit_answer(build_[0], scratch_.keep(as_bytes(build_)));
      one.audience = Audience::nobody;  // the client keeps what the server does not have
      one.name.clear();
    }
    undo(one);
  }
  return count;
}

// The server connection knows the client's statements, under the client's names, and no others. One that cannot be made any
// more, because its objects are gone, is missing; apart, it takes no other with it.
void SessionCore::make_own_names(bool is_apart) {
  close_maker(wire::Target::statement);  // one that failed may have been left
  for (const std::uint64_t number : backend_->prepared.numbers()) {
    build_.clear();
    wire::append_close(build_, wire::Target::statement, catalog_name(number));
    to_server_copy(as_bytes(build_));
    backend_->ledger.owe({AnswerKind::close, Audience::nobody, number});
    prepared_.has_unsettled_names = true;
  }
  backend_->prepared.clear();
  const auto known = backend_->names;
  for (const auto& [name, number] : known) {
    const auto wanted = prepared_.statements.find(name);
    if (wanted == prepared_.statements.end() || wanted->second->number != number) drop_name(name);
  }
  for (const auto& [name, statement] : prepared_.statements) {
    make_name(name);
    if (is_apart) end_names(Injected::own_name);
  }
  if (is_apart) close_maker(wire::Target::statement);
}

// From now on until DEALLOCATE ALL the client's names are what the server says they are.
void SessionCore::leave_names_to_server() {
  make_own_names(false);
  pins_.add(PinReason::prepared);
  prepared_.statements.clear();
  backend_->names.clear();
  prepared_.has_sql_statements = false;
}

// ---- what PREPARE and DEALLOCATE change when they succeed

// Marks what is owed for running `sql`.
void SessionCore::expect_change(const Traits& traits, std::string_view sql, Owed& owed) {
  if (pins_.has(PinReason::prepared)) return;
  if (is_alone(traits, StatementKind::prepare)) {
    prepared_.preparing.push_back(intern(sql, {}, traits.prepared.traits));
    owed.tag = prepared_.preparing.back()->number;
    owed.name = traits.prepared_name;
  } else if (is_alone(traits, StatementKind::deallocate) && !traits.prepared_name.empty()) {
    owed.tag = kDropTag;
    owed.name = traits.prepared_name;
  }
}

// It has succeeded.
void SessionCore::apply_change(const Owed& done) {
  if (done.name.empty() || done.audience != Audience::client) return;
  if (done.tag == kDropTag) {
    if (const auto found = prepared_.statements.find(done.name); found != prepared_.statements.end())
      prepared_.statements.erase(found);
    backend_->names.erase(done.name);
  } else {
    const auto made = std::find_if(prepared_.preparing.begin(), prepared_.preparing.end(),
                                   [&](const PreparedStatementPtr& one) { return one->number == done.tag; });
    if (made == prepared_.preparing.end()) return;
    prepared_.statements.insert_or_assign(done.name, *made);
    backend_->names.insert_or_assign(done.name, done.tag);
    prepared_.has_sql_statements = true;
  }
}

// A portal is bound, to a statement that changes names or to another.
void SessionCore::note_changing_portal(std::string_view portal, std::string_view statement) {
  const auto found = std::find_if(prepared_.changing_portals.begin(), prepared_.changing_portals.end(),
                                  [&](const ChangingPortal& one) { return one.portal == portal; });
  if (found != prepared_.changing_portals.end()) prepared_.changing_portals.erase(found);
  const TraitsPtr traits = traits_of_statement(statement);
  if (traits == nullptr || traits->statement_names.empty()) return;
  Owed change;
  expect_change(
      *traits,
      statement.empty() ? std::string_view(prepared_.unnamed.sql) : prepared_.statements.find(statement)->second->sql,
      change);
  if (!change.name.empty()) prepared_.changing_portals.push_back({std::string(portal), std::move(change)});
}

// What is owed for executing it.
Owed SessionCore::owed_for_execute(std::string_view portal) {
  for (const ChangingPortal& one : prepared_.changing_portals)
    if (one.portal == portal) return {AnswerKind::execute, Audience::client, one.change.tag, {}, one.change.name};
  return {.kind = AnswerKind::execute, .tag = take_portal(portal)};
}

}  // namespace howdah
