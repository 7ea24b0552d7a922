// One libpq connection used without blocking beyond a deadline: for probes and for failover steps. Not thread-safe; each
// owner thread has its own. Results are copied out, so nothing of libpq's leaves this file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "health/events.hpp"
#include "health/io/credentials.hpp"

struct pg_conn;

namespace howdah::health {

struct PgFailure {
  FailureKind kind = FailureKind::other;
  std::string sqlstate = {};
  std::string text = {};
};

using PgRows = std::vector<std::vector<std::optional<std::string>>>;

class PgConnection {
 public:
  PgConnection(std::string host, std::uint16_t port, Credentials credentials);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  bool is_open() const { return connection_ != nullptr; }
  int socket() const;  // -1 when closed

  // Nothing on success. After any failure but an SQL error the connection is closed.
  // `wake_fd` interrupts the wait when it becomes readable (it is not read); -1: none. The host must have accepted the
  // connection by `accepted_by`, if that is given. Once it has, `late_wake_fd` interrupts instead, if that is given.
  std::optional<PgFailure> open(Instant deadline, int wake_fd, std::optional<Instant> accepted_by = {},
                                std::optional<int> late_wake_fd = {});
  // One simple query with one result set at most.
  std::optional<PgFailure> query(const std::string& sql, PgRows& rows, Instant deadline, int wake_fd);
  // What an idle connection has to say when its socket is readable: a failure when the server has gone.
  std::optional<PgFailure> check_idle();
  void close();

 private:
  struct Closer {
    void operator()(pg_conn* connection) const;
  };
  enum class Wanted { reading, writing };
  std::optional<PgFailure> wait(Wanted wanted, Instant deadline, int wake_fd);
  PgFailure fail(FailureKind kind, std::string text);
  PgFailure lost();

  std::string host_;
  std::uint16_t port_;
  Credentials credentials_;
  std::unique_ptr<pg_conn, Closer> connection_;
};

}  // namespace howdah::health
