#include "failover/io/online_check.hpp"

#include <charconv>

#include "base/io/clock.hpp"
#include "health/io/pg_connection.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kLimit = 10s;

}  // namespace

NodeCheck check_online(const health::NodeOptions& node, const health::Credentials& login) {
  NodeCheck check{.node = node.id};
  health::PgConnection connection(node.host, node.port, login);
  const Instant deadline = monotonic_now() + kLimit;
  health::PgRows rows;
  auto failure = connection.open(deadline, -1);
  if (!failure) failure = connection.query("SELECT current_setting('server_version_num')", rows, deadline, -1);
  int version = 0;
  if (!failure && !rows.empty() && rows[0][0])
    std::from_chars(rows[0][0]->data(), rows[0][0]->data() + rows[0][0]->size(), version);
  if (!failure) failure = connection.query(sql_requirements(version), rows, deadline, -1);
  if (failure) check.unreachable = failure->text;
  else if (!rows.empty()) check.shortcomings = find_shortcomings(rows.front());
  return check;
}

}  // namespace howdah::failover
