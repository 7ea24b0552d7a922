#include "gateway/io/catalog_reader.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/io/clock.hpp"
#include "sql_router/catalog/catalog_rows.hpp"

namespace howdah {

namespace {

constexpr Duration kLingering = 1s;       // how long a connection is kept for what comes next
constexpr Duration kLongestRead = 30s;
constexpr Duration kForgottenAfter = 10min;  // without clients a database is looked at no more, and what was known is void
constexpr Duration kRest = 60s;

// A view's text cannot be had while somebody locks what it reads; then it is tried again.
constexpr std::string_view kPrepare =
    "SET search_path = pg_catalog; SET lock_timeout = '500ms'; SET statement_timeout = '30s'; "
    "SELECT current_setting('server_version_num'), pg_is_in_recovery()::text";

int number_in(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

CatalogReader::CatalogReader(health::Credentials login, CatalogReaderOptions options, Log& log, Publish publish)
    : login_(std::move(login)),
      log_(log),
      publish_(std::move(publish)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      options_(options) {}

CatalogReader::~CatalogReader() {
  stop();
  ::close(wake_fd_);
  ::close(stop_fd_);
}

void CatalogReader::start() {
  thread_ = std::thread([this] { run(); });
}

void CatalogReader::stop() {
  is_stopping_ = true;
  eventfd_write(stop_fd_, 1);
  wake();
  if (thread_.joinable()) thread_.join();
}

void CatalogReader::wake() { eventfd_write(wake_fd_, 1); }

CatalogReader::Entrance CatalogReader::enter(const std::string& database) {
  const std::lock_guard lock(mutex_);
  auto& entry = databases_[database];
  if (entry == nullptr) {
    entry = std::make_unique<Database>(options_.interval);
    entry->number = static_cast<std::uint32_t>(databases_.size());
    entry->changes = std::make_shared<CatalogChanges>([this] { wake(); });
  }
  wake();
  return {entry->changes, entry->facts};
}

void CatalogReader::set_view(ClusterViewPtr view) {
  const NodeView* node = view->primary_node();
  if (node == nullptr) return;  // what is known stays good until another one is found
  const Primary primary{node->id, node->host, node->port};
  const std::lock_guard lock(mutex_);
  if (primary_ == primary) return;
  const bool is_first = !primary_;
  primary_ = primary;
  if (!is_first)
    for (auto& [name, database] : databases_) database->changes->mark();
  wake();
}

void CatalogReader::set_options(CatalogReaderOptions options) {
  const std::lock_guard lock(mutex_);
  if (options == options_) return;
  options_ = options;
  for (auto& [name, database] : databases_) database->changes->mark();
}

// ---- the thread

void CatalogReader::run() {
  while (!is_stopping_) wait_until(run_once());
}

void CatalogReader::wait_until(Instant time) {
  const auto left = std::chrono::ceil<milliseconds>(time - monotonic_now()).count();
  pollfd fd{wake_fd_, POLLIN, 0};
  if (left > 0) poll(&fd, 1, static_cast<int>(std::min<long>(left, 60'000)));
  eventfd_t count = 0;
  eventfd_read(wake_fd_, &count);
}

// Does what is due for every database; tells when something will be.
Instant CatalogReader::run_once() {
  std::vector<std::pair<std::string, Database*>> known;
  std::optional<Primary> primary;
  Duration interval;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [name, database] : databases_) known.emplace_back(name, database.get());
    primary = primary_;
    interval = options_.interval;
  }
  Instant next = monotonic_now() + kRest;
  for (auto& [name, database] : known) {
    Database& entry = *database;
    const Instant now = monotonic_now();
    entry.watch.set_interval(interval);
    if (entry.changes->take_question()) entry.watch.on_question();
    if (entry.changes->has_sessions()) {
      if (entry.unused_since && now - *entry.unused_since > kForgottenAfter) entry.changes->mark();
      entry.unused_since.reset();
    } else if (!entry.unused_since) {
      entry.unused_since = now;
    }
    const bool is_forgotten = entry.unused_since && now - *entry.unused_since > kForgottenAfter;
    if (primary && !is_forgotten) {
      const CatalogStep step = entry.watch.step(entry.changes->count(), now);
      if (step != CatalogStep::rest) run_step(name, entry, step, *primary);
      next = std::min(next, entry.watch.next_time(entry.changes->count()));
    }
    if (entry.connection == nullptr) continue;
    if (monotonic_now() - entry.connection_used_at >= kLingering) entry.connection.reset();
    else next = std::min(next, entry.connection_used_at + kLingering);
  }
  return next;
}

void CatalogReader::run_step(const std::string& name, Database& database, CatalogStep step, const Primary& primary) {
  const Instant begun = monotonic_now();
  auto outcome = open(name, database, primary, begun + kLongestRead);
  if (outcome) outcome = look(name, database, step == CatalogStep::read, begun);
  const Instant now = monotonic_now();
  database.connection_used_at = now;
  std::string failure = outcome ? std::string() : to_text(outcome.error());
  if (!outcome) {
    database.connection.reset();
    database.watch.on_failed(now);
  }
  if (failure == std::exchange(database.failure, failure) || failure.empty() || is_stopping_) return;
  log_.warn("catalog not read db=\"{}\" why=\"{}\"", name, failure);
  // What was read before stays good until something changes.
  if (database.facts == nullptr || database.facts->status() != CatalogFacts::Status::read)
    give(name, database, std::make_shared<const CatalogFacts>(CatalogFacts::unreadable(failure)));
}

void CatalogReader::give(const std::string& name, Database& database, CatalogFactsPtr facts) {
  {
    const std::lock_guard lock(mutex_);
    database.facts = facts;
  }
  publish_(name, std::move(facts));
}

Result<void> CatalogReader::open(const std::string& name, Database& database, const Primary& primary, Instant deadline) {
  if (database.connection != nullptr && database.connection->is_open() && !database.connection->check_idle()) return {};
  health::Credentials login = login_;
  login.database = name;
  database.connection = std::make_unique<health::PgConnection>(primary.host, primary.port, std::move(login));
  if (const auto failure = database.connection->open(deadline, stop_fd_))
    return Error{ErrorCode::backend_connection_lost, failure->text};
  const auto rows = ask(database, std::string(kPrepare), deadline);
  if (!rows) return rows.error();
  if (rows->empty() || rows->front().size() != 2 || rows->front()[1] != "false")
    return Error{ErrorCode::no_primary, "the server is not the primary any more"};
  server_version_ = number_in(rows->front()[0].value_or(""));
  return {};
}

Result<health::PgRows> CatalogReader::ask(Database& database, const std::string& sql, Instant deadline) {
  health::PgRows rows;
  if (const auto failure = database.connection->query(sql, rows, deadline, stop_fd_))
    return Error{ErrorCode::backend_connection_lost, failure->text};
  return rows;
}

Result<void> CatalogReader::look(const std::string& name, Database& database, bool must_read, Instant begun) {
  // What changes from here on makes the snapshot stale.
  const std::uint64_t as_of = database.changes->count();
  const Instant deadline = begun + kLongestRead;
  const auto fingerprint = ask(database, catalog_fingerprint_query(), deadline);
  if (!fingerprint) return fingerprint.error();
  const std::string newest = fingerprint->empty() ? "" : fingerprint->front().front().value_or("");
  if (!must_read && newest == database.fingerprint) {
    database.watch.on_looked(monotonic_now());
    return {};
  }
  const auto answer = ask(database, catalog_query(server_version_), deadline);
  if (!answer) return answer.error();
  const auto rows = parse_catalog(*answer);
  if (!rows) return rows.error();
  CatalogRules rules;
  {
    const std::lock_guard lock(mutex_);
    rules = options_.rules;
  }
  CatalogFactsPtr facts = build_catalog_facts(*rows, rules, make_stamp(database.number, ++database.snapshot), as_of);
  database.fingerprint = newest;
  database.watch.on_read(as_of, begun, monotonic_now());
  log_.debug("catalog read db=\"{}\" facts=\"{}\"", name, facts->description());
  give(name, database, std::move(facts));
  return {};
}

}  // namespace howdah
