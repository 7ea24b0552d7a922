// Environment variables as assignments: PGPOOL_PARAMS_<NAME>, and the two that name the servers of a container.
#pragma once

#include "conf/finding.hpp"
#include "conf/text.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

// PRIMARY_IP=host[:port], REPLICAS_IP=host[:port],... become backend_hostnameN and backend_portN: the primary is 0.
// If there are any they are all the nodes.
struct ContainerNodes {
  std::vector<Assignment> assignments;
  int count = 0;
};
ContainerNodes container_nodes(const Environment& environment, Findings& findings);

// PGPOOL_PARAMS_PORT=9999 is `port = 9999`.
std::vector<Assignment> parameter_variables(const Environment& environment);

}  // namespace howdah
