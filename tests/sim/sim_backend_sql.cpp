// What statements do: READ COMMITTED, row locks, commits that wait for synchronous standbys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "gateway/wire/body.hpp"
#include "tests/sim/sim_backend.hpp"

namespace howdah::sim {

namespace {

using wire::ServerTag;

// Accounts and lists are locked by row, in one space of numbers.
std::int64_t row_of(const Statement& statement) {
  constexpr std::int64_t kLists = 1'000'000;
  return statement.verb == Verb::append ? kLists + statement.key : statement.key;
}

std::uint64_t write_of(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (change.kind == Change::Kind::insert) return static_cast<std::uint64_t>(change.key);
    if (change.kind == Change::Kind::append) return static_cast<std::uint64_t>(change.value);
  }
  return 0;
}

}  // namespace

void SimBackend::begin() {
  if (transaction_.is_begun) return;
  transaction_ = {.is_begun = true, .is_read_only = node().in_recovery || node().is_read_only};
  notes_before_ = notes_;
  ++node().open_transactions;
}

SimBackend::Step SimBackend::run(const Statement& statement) {
  begin();
  switch (statement.verb) {
    case Verb::commit:
      if (!transaction_.is_failed) {
        if (!commit()) return Step::waits;
        return complete("COMMIT");
      }
      [[fallthrough]];
    case Verb::rollback: end_transaction(); return complete("ROLLBACK");
    default: break;
  }
  if (transaction_.is_failed) return fail("25P02", "current transaction is aborted, commands ignored until end of transaction block");
  if (statement.verb == Verb::begin) {
    transaction_.is_block = true;
    return complete("BEGIN");
  }
  if (statement.is_about_notes()) return use_notes(statement);
  if (statement.verb == Verb::copy) return copy();
  if (statement.has_rows()) return read(statement);
  if (statement.writes()) return write(statement);
  return complete(statement.tag);
}

SimBackend::Step SimBackend::read(const Statement& statement) {
  if (statement.locks && transaction_.is_read_only) return fail("25006", "cannot execute SELECT FOR UPDATE in a read-only transaction");
  if (statement.locks && !lock(row_of(statement))) return Step::waits;
  if (is_query_open_) describe_rows(statement);
  if (statement.verb == Verb::xid) {
    if (statement.assigns) take_xid();
    const std::string xid = std::to_string(transaction_.xid);
    using Value = std::optional<std::string_view>;
    wire::append_data_row(output_, std::vector<Value>{transaction_.xid == 0 ? Value{} : Value{xid}});
    return complete("SELECT 1");
  }
  world_.checkers().on_read(statement.tag, application_name_);
  const std::string value = answer_of(statement);
  wire::append_data_row(output_, std::vector<std::optional<std::string_view>>{statement.tag, value});
  return complete("SELECT 1");
}

std::string SimBackend::answer_of(const Statement& statement) {
  if (statement.verb == Verb::sum) {
    std::int64_t sum = 0;
    for (std::int64_t account = 1; account <= Tables::kAccounts; ++account) sum += balance_of(account);
    return std::to_string(sum);
  }
  std::string value = statement.verb == Verb::balance ? std::to_string(balance_of(statement.key)) : elements_of(statement.key);
  // As if what the client was shown before were not compared with what it would be shown now.
  if (world_.mutant() == Mutant::blind_replay && statement.locks) value = world_.first_answers().try_emplace(statement.tag, value).first->second;
  return value;
}

SimBackend::Step SimBackend::write(const Statement& statement) {
  if (transaction_.is_read_only) return fail("25006", "cannot execute a write in a read-only transaction");
  if (statement.verb != Verb::insert && !lock(row_of(statement))) return Step::waits;
  take_xid();
  using Kind = Change::Kind;
  switch (statement.verb) {
    case Verb::insert: transaction_.changes.push_back({Kind::insert, statement.key, 0}); break;
    case Verb::append: transaction_.changes.push_back({Kind::append, statement.key, statement.value}); break;
    case Verb::set_balance: transaction_.changes.push_back({Kind::balance, statement.key, statement.value}); break;
    default: transaction_.changes.push_back({Kind::balance, statement.key, balance_of(statement.key) + statement.value}); break;
  }
  return complete(statement.verb == Verb::insert ? "INSERT 0 1" : "UPDATE 1");
}

void SimBackend::take_xid() {
  if (transaction_.xid != 0) return;
  transaction_.xid = node().given_xids = node().next_xid();
  node().open_xids.insert(transaction_.xid);
}

bool SimBackend::lock(std::int64_t row) {
  return node().row_locks.try_emplace(row, id_).first->second == id_;
}

std::int64_t SimBackend::balance_of(std::int64_t account) {
  std::int64_t balance = node().tables().balance_of(account);
  for (const Change& change : transaction_.changes)
    if (change.kind == Change::Kind::balance && change.key == account) balance = change.value;
  return balance;
}

// As PostgreSQL writes an array.
std::string SimBackend::elements_of(std::int64_t list) {
  const Tables& tables = node().tables();
  std::string text = "{";
  const auto add = [&text](std::int64_t element) { text += (text.size() > 1 ? "," : "") + std::to_string(element); };
  if (const auto found = tables.lists.find(list); found != tables.lists.end())
    for (const std::int64_t element : found->second) add(element);
  for (const Change& change : transaction_.changes)
    if (change.kind == Change::Kind::append && change.key == list) add(change.value);
  return text + "}";
}

// False: it waits, for standbys or the disk.
bool SimBackend::commit() {
  SimPostgres& server = node();
  if (!transaction_.record && !transaction_.changes.empty()) {
    if (server.is_disk_hung) return false;
    const auto fault = world_.take_commit_fault(node_);
    if (fault && world_.rng().chance(0.5)) {
      fault();
      return false;
    }
    const std::uint64_t write = write_of(transaction_.changes);
    world_.checkers().on_committed(write, server);
    server.wal.push_back({write, server.timeline, transaction_.xid, std::move(transaction_.changes)});
    transaction_.changes.clear();
    transaction_.record = server.wal.size() - 1;
    server.release_confirmed();
    if (!server.is_confirmed(server.wal.size())) server.waiting.insert(*transaction_.record);
    if (fault) fault();
    if (is_over_) return false;
  }
  if (transaction_.record && server.waiting.contains(*transaction_.record)) return false;
  notes_before_ = notes_;
  end_transaction();
  return true;
}

void SimBackend::end_transaction() {
  if (transaction_.is_begun) notes_ = notes_before_;
  if (transaction_.is_begun && generation_ == node().generation) {
    --node().open_transactions;
    std::erase_if(node().row_locks, [this](const auto& lock) { return lock.second == id_; });
    if (transaction_.record) node().waiting.erase(*transaction_.record);
    node().open_xids.erase(transaction_.xid);
  }
  transaction_ = {};
}

// Of the settings only application_name is looked at: whose it is must be who speaks.
void SimBackend::set(std::string_view sql) {
  if (sql.find("application_name") == std::string_view::npos && !sql.ends_with(" ALL")) return;
  const auto begin = sql.find('\'');
  application_name_ = begin == std::string_view::npos ? "" : std::string(sql.substr(begin + 1, sql.rfind('\'') - begin - 1));
  wire::append_parameter_status(output_, "application_name", application_name_);
}

// A temporary table is of this process alone, and its transactions undo what they have done to it.
SimBackend::Step SimBackend::use_notes(const Statement& statement) {
  const bool is_made = notes_.has_value();
  switch (statement.verb) {
    case Verb::discard: notes_.reset(); return complete("DISCARD");
    case Verb::make_notes:
      if (node().in_recovery) return fail("25006", "cannot create a temporary table during recovery");
      if (is_made) return fail("42P07", "relation \"notes\" already exists");
      notes_.emplace();
      return complete("CREATE TABLE");
    case Verb::put_note:
      if (!is_made) return fail("42P01", "relation \"notes\" does not exist");
      notes_->push_back(statement.key);
      return complete("INSERT 0 1");
    default: break;
  }
  if (statement.verb == Verb::notes && !is_made) return fail("42P01", "relation \"notes\" does not exist");
  if (is_query_open_) describe_rows(statement);
  using Value = std::optional<std::string_view>;
  if (statement.verb == Verb::look) {
    wire::append_data_row(output_, std::vector<Value>{is_made ? "t" : "f"});
  } else {
    world_.checkers().on_read(statement.tag, application_name_);
    ++world_.universe().happened.notes;
    const std::string value = fmt::format("{{{}}}", fmt::join(*notes_, ","));
    wire::append_data_row(output_, std::vector<Value>{statement.tag, value});
  }
  return complete("SELECT 1");
}

// FROM STDIN: rows until CopyDone or CopyFail; a Sync in between is nothing.
SimBackend::Step SimBackend::copy() {
  if (transaction_.is_read_only) return fail("25006", "cannot execute COPY FROM in a read-only transaction");
  if (!std::exchange(is_copying_, true)) {
    copied_.clear();
    {
      wire::MessageScope message(output_, ServerTag::copy_in_response);
      output_.append(3, '\0');  // text, no columns told
    }
    link_->send_to_gateway(std::exchange(output_, {}));
  }
  while (const auto message = next_message()) {
    if (message->front() == 'd') copied_ += message->substr(wire::kHeaderSize);
    if (message->front() == 'f') return fail("57014", "COPY from stdin failed");
    if (message->front() == 'c') return insert_copied();
  }
  if (is_client_gone_) return fail("08006", "unexpected EOF on client connection");
  return Step::waits;
}

SimBackend::Step SimBackend::insert_copied() {
  is_copying_ = false;
  ++world_.universe().happened.copies;
  take_xid();
  std::size_t rows = 0;
  for (std::size_t at = 0; at < copied_.size(); at = copied_.find('\n', at) + 1, ++rows) {
    std::int64_t row = 0;
    std::from_chars(copied_.data() + at, copied_.data() + copied_.size(), row);
    transaction_.changes.push_back({Change::Kind::insert, row, 0});
  }
  return complete(fmt::format("COPY {}", rows));
}

SimBackend::Step SimBackend::complete(std::string_view tag) {
  wire::append_command_complete(output_, tag);
  return Step::done;
}

SimBackend::Step SimBackend::fail(std::string_view sqlstate, std::string_view text) {
  say_error('E', "ERROR", sqlstate, text);
  query_.clear();
  is_copying_ = false;
  if (!is_query_open_) is_skipping_ = true;
  if (transaction_.is_block) transaction_.is_failed = true;
  else end_transaction();
  return Step::failed;
}

void SimBackend::say_error(char type, std::string_view severity, std::string_view sqlstate, std::string_view text) {
  wire::MessageScope message(output_, type);
  const auto field = [this](char code, std::string_view value) {
    output_.push_back(code);
    append_cstring(output_, value);
  };
  field('S', severity), field('V', severity), field('C', sqlstate), field('M', text);
  output_.push_back('\0');
}

}  // namespace howdah::sim
