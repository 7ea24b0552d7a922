// Asks every server what failover/requirements.hpp lists, once, for `howdah --check --online`.
#pragma once

#include <string>
#include <vector>

#include "failover/requirements.hpp"
#include "health/health_options.hpp"
#include "health/io/credentials.hpp"

namespace howdah::failover {

struct NodeCheck {
  NodeId node = {};
  std::string unreachable = {};  // why it could not be asked; empty: it was
  std::vector<Shortcoming> shortcomings = {};
};

NodeCheck check_online(const health::NodeOptions& node, const health::Credentials& login);

}  // namespace howdah::failover
