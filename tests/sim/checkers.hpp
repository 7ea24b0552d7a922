// What Howdah promises, checked while the simulation runs. Each violation is one line; a run with a line has failed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "health/cluster_view.hpp"
#include "tests/sim/sim_postgres.hpp"

namespace howdah::sim {

class Checkers {
 public:
  // Never two primaries for one epoch, and epochs never go back.
  void on_view(const ClusterView& view);
  // A write was acknowledged to a client: the primary of the newest epoch has it.
  void on_acknowledged(std::uint64_t write, const std::vector<SimPostgres>& nodes);
  // A server commits a client's write: once in each history.
  void on_committed(std::uint64_t write, const SimPostgres& server);
  // A server runs a client's read: with that client's settings. Its mark begins with the client's name.
  void on_read(std::string_view mark, std::string_view application_name);
  // A standby is stopped from receiving because the primary is held for dead: it could not have heard it for some time.
  // `has_link`: the network between the two is whole, and not only just now.
  void on_freeze(const SimPostgres& standby, const std::vector<SimPostgres>& nodes, bool has_link, Instant now);
  // A standby is about to be promoted on Howdah's word: of those that answered Howdah when it was elected it is the most
  // advanced, and none still hears a living primary.
  void on_promotion(const SimPostgres& winner, const std::vector<SimPostgres>& nodes, const std::set<int>& answering);
  // It has left recovery: no answering standby has received anything it does not have.
  void on_promoted(const SimPostgres& winner, const std::vector<SimPostgres>& nodes, const std::set<int>& answering);
  // Only one who was left behind is fenced: never the one in office, nor one whose history may be the right one.
  void on_fence(const SimPostgres& node, const std::vector<SimPostgres>& nodes);
  // After a while without faults: every false primary is fenced, and nobody else is.
  void on_calm(const std::vector<SimPostgres>& nodes, const ClusterView& view);
  // Every request of a client ends once, in time.
  void on_asked(std::uint64_t request, Instant deadline);
  void on_ended(std::uint64_t request, Instant now);
  // Every request of an operator ends once.
  void on_operator_asked(std::uint64_t request) { operator_open_.insert(request); }
  void on_operator_answered(std::uint64_t request);
  void on_gateway_lost() { operator_open_.clear(); }
  // After a planned switchover every acknowledged write of the old primary is on the new one.
  void on_switched(const SimPostgres& old_primary, const SimPostgres& new_primary);
  // At the end, when every fault has been mended: nothing is left open, and writing works.
  void on_end(bool can_write);

  void fail(std::string line) {
    on_failed(line);
    violations_.push_back(std::move(line));
  }
  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t promotions() const { return promotions_; }

  std::function<void(const std::string& line)> on_failed = [](const std::string&) {};  // in the moment in which it shows

 private:
  std::map<Epoch, NodeId> primary_of_;
  Epoch newest_epoch_{};
  std::set<std::uint64_t> acknowledged_;
  std::set<std::uint64_t> committed_;
  std::map<std::uint64_t, Instant> open_;
  std::set<std::uint64_t> operator_open_;
  std::size_t promotions_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace howdah::sim
