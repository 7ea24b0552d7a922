// Gives out step numbers and sends steps.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/actions.hpp"
#include "failover/actions.hpp"

namespace howdah::failover {

class StepDesk {
 public:
  StepId send(NodeId node, SqlStep step, std::vector<std::string> statements, Duration limit, Instant now,
              Actions<Action>& out) {
    out.push(RunSql{++last_, node, step, std::move(statements), now + limit});
    return last_;
  }
  StepId next() { return ++last_; }

 private:
  StepId last_ = 0;
};

}  // namespace howdah::failover
