// How much of a list of statements replicas could answer, and what stands against the rest: the report of
// `howdah route --from-log`. Every statement is decided on as the gateway would with all nodes up and no lag.
// Pure; memory is bounded by the number of different reasons and of transactions that are open at once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/parse_cache.hpp"
#include "sql_router/router.hpp"

namespace howdah {

struct Objection {
  RouteReason reason = RouteReason::write;
  std::string because = {};
  std::string example = {};  // the first statement of that kind, in one line, cut
  std::uint64_t count = 0;
};

class OffloadReport {
 public:
  OffloadReport(std::shared_ptr<const RoutingOptions> options, const ClusterView& view);

  void add(std::string_view session, std::string_view sql);

  std::uint64_t statements() const { return statements_; }  // but for transaction control, which goes with the others
  std::uint64_t offloaded() const { return offloaded_; }
  std::uint64_t transaction_commands() const { return transaction_commands_; }
  std::vector<Objection> objections(std::size_t most) const;  // the commonest first
  std::string text() const;

 private:
  void follow_transaction(const Traits& traits, std::string_view session);
  void object(const Decision& decision, std::string_view sql);

  ParseCache cache_;
  const ClusterView& view_;
  Rng rng_{0};
  std::uint64_t statements_ = 0;
  std::uint64_t offloaded_ = 0;
  std::uint64_t transaction_commands_ = 0;
  std::map<std::string, SessionFacts, std::less<>> in_transaction_;  // by session
  std::map<std::pair<RouteReason, std::string>, Objection> objections_;
};

}  // namespace howdah
