#include "health/io/pg_connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "base/io/clock.hpp"
#include "health/failure_kind.hpp"

namespace howdah::health {

namespace {

// What follows the first line is advice for interactive users.
std::string first_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  line = line.substr(0, line.find('\n'));
  std::replace(line.begin(), line.end(), '"', '\'');  // it goes into quotes in the log
  return line;
}

void drop_notice(void*, const PGresult*) {}

constexpr Duration kOverslept = 100ms;
constexpr Duration kMoment = 200ms;

PgRows rows_of(const PGresult* result) {
  PgRows rows;
  for (int i = 0; i < PQntuples(result); ++i) {
    auto& row = rows.emplace_back();
    for (int j = 0; j < PQnfields(result); ++j)
      row.push_back(PQgetisnull(result, i, j) ? std::nullopt : std::optional<std::string>(PQgetvalue(result, i, j)));
  }
  return rows;
}

}  // namespace

void PgConnection::Closer::operator()(pg_conn* connection) const { PQfinish(connection); }

PgConnection::PgConnection(std::string host, std::uint16_t port, Credentials credentials)
    : host_(std::move(host)), port_(port), credentials_(std::move(credentials)) {}
PgConnection::~PgConnection() = default;

int PgConnection::socket() const { return connection_ ? PQsocket(connection_.get()) : -1; }

void PgConnection::close() { connection_.reset(); }

PgFailure PgConnection::fail(FailureKind kind, std::string text) {
  close();
  return {kind, {}, std::move(text)};
}

PgFailure PgConnection::lost() {
  std::string text = first_line(PQerrorMessage(connection_.get()));
  const FailureKind kind = classify_failure({}, PQerrorMessage(connection_.get()));
  close();
  return {kind == FailureKind::other ? FailureKind::lost : kind, {}, std::move(text)};
}

// Where the deadline is found long past, it was Howdah itself that stood still: what came meanwhile is looked at, and an
// answer on its way gets a moment.
std::optional<PgFailure> PgConnection::wait(Wanted wanted, Instant deadline, int wake_fd) {
  for (bool may_extend = true;;) {
    const Instant now = monotonic_now();
    if (now >= deadline + kOverslept && std::exchange(may_extend, false)) deadline = now + kMoment;
    const auto left = std::chrono::ceil<milliseconds>(deadline - now).count();
    if (left <= 0) return fail(FailureKind::timeout, "no answer in time");
    pollfd fds[2] = {{socket(), static_cast<short>(wanted == Wanted::writing ? POLLOUT : POLLIN), 0},
                     {wake_fd, POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(std::min<long>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return fail(FailureKind::other, std::strerror(errno));
    if (ready > 0 && fds[1].revents != 0) return fail(FailureKind::other, "interrupted");
    if (ready > 0 && fds[0].revents != 0) return std::nullopt;
  }
}

// Keep-alive and user timeout together, for each alone misses cases: a silent network is noticed in about two seconds.
// The server is asked for the same, so that it forgets Howdah's own sessions as quickly.
std::optional<PgFailure> PgConnection::open(Instant deadline, int wake_fd, std::optional<Instant> accepted_by,
                                            std::optional<int> late_wake_fd) {
  const std::string port = fmt::format("{}", port_);
  const Credentials& login = credentials_;
  const std::pair<const char*, const char*> words[] = {
      {"host", host_.c_str()}, {"port", port.c_str()}, {"user", login.user.c_str()}, {"password", login.password.c_str()},
      {"dbname", login.database.c_str()}, {"sslmode", login.sslmode.c_str()}, {"sslrootcert", login.sslrootcert.c_str()},
      {"sslcrl", login.sslcrl.c_str()}, {"sslcert", login.sslcert.c_str()}, {"sslkey", login.sslkey.c_str()},
      {"application_name", "howdah"}, {"keepalives_idle", "1"}, {"keepalives_interval", "1"}, {"keepalives_count", "2"},
      {"tcp_user_timeout", "2000"}, {"client_encoding", "UTF8"},
      {"options", "-c tcp_keepalives_idle=1 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=2 "
                  "-c tcp_user_timeout=2000 "
                  "-c standard_conforming_strings=on -c statement_timeout=0"}};
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : words) {
    keys.push_back(key);
    values.push_back(value);
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(keys.data(), values.data(), 0));
  if (!connection_) return PgFailure{FailureKind::other, {}, "out of memory"};
  PQsetNoticeReceiver(connection_.get(), drop_notice, nullptr);
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED) return lost();
    const Wanted wanted = step == PGRES_POLLING_WRITING ? Wanted::writing : Wanted::reading;
    const bool is_accepted = PQstatus(connection_.get()) != CONNECTION_STARTED;
    const Instant limit = is_accepted ? deadline : std::min(deadline, accepted_by.value_or(deadline));
    if (auto failure = wait(wanted, limit, is_accepted ? late_wake_fd.value_or(wake_fd) : wake_fd)) return failure;
    step = PQconnectPoll(connection_.get());
  }
  PQsetnonblocking(connection_.get(), 1);
  return std::nullopt;
}

std::optional<PgFailure> PgConnection::query(const std::string& sql, PgRows& rows, Instant deadline, int wake_fd) {
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return lost();
  while (const int pending = PQflush(connection_.get())) {
    if (pending < 0) return lost();
    if (auto failure = wait(Wanted::writing, deadline, wake_fd)) return failure;
  }
  std::optional<PgFailure> error;
  for (;;) {
    while (PQisBusy(connection_.get())) {
      if (auto failure = wait(Wanted::reading, deadline, wake_fd)) return failure;
      if (PQconsumeInput(connection_.get()) == 0) return lost();
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection_.get()), &PQclear);
    if (!result) break;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK) rows = rows_of(result.get());
    else if (status == PGRES_FATAL_ERROR && !error) {
      const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      error = PgFailure{FailureKind::other, sqlstate == nullptr ? "" : sqlstate,
                        first_line(PQresultErrorMessage(result.get()))};
      error->kind = classify_failure(error->sqlstate, PQresultErrorMessage(result.get()));
    }
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    const PgFailure broken = lost();
    return error && error->kind != FailureKind::other ? error : broken;
  }
  return error;
}

std::optional<PgFailure> PgConnection::check_idle() {
  if (PQconsumeInput(connection_.get()) == 0 || PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  // An idle server speaks only to say goodbye or to report a changed setting.
  while (!PQisBusy(connection_.get())) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQgetResult(connection_.get()), &PQclear);
    if (!result) break;
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost();
  return std::nullopt;
}

}  // namespace howdah::health
