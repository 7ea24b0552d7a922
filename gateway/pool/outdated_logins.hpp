// Which server connections began before a change of logins (sql_router/login_change) had reached their node: at once on the
// primary, on a standby when it has replayed the change. Pure; each worker has one.
#pragma once

#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/login_change.hpp"

namespace howdah {

class OutdatedLogins {
 public:
  struct Outdated {
    LoginChange change;
    NodeId node;
  };

  // `change` was committed before `now`. Connections to all nodes that began before must not be lent again; those to standbys
  // that begin now may come too early, and are told by caught_up().
  void note(const LoginChange& change, Instant now, const ClusterView& view);
  // Changes that standbys have replayed since: each is told once.
  std::vector<Outdated> caught_up(const ClusterView& view);

 private:
  struct Awaited {
    Outdated outdated;
    Instant at;
  };
  std::vector<Awaited> awaited_;
};

}  // namespace howdah
