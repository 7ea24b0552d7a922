// Clients behind the gateway, reduced to what failover decides: each asks again and again, each request goes where the
// newest view says, waits while it says nothing, and ends in one answer or one error.
#pragma once

#include <map>

#include "tests/sim/world.hpp"

namespace howdah::sim {

class SimClients {
 public:
  // Requests are numbered from `first_id` on.
  SimClients(World& world, int count, std::uint64_t first_id = 0);

  void stop() { is_stopping_ = true; }
  // Every connection breaks: the gateway restarted.
  void fail_all();
  bool has_written_since(Instant when) const { return last_write_ >= when; }

 private:
  struct Request {
    std::uint64_t id = 0;
    bool is_write = false;
    Instant deadline = {};
  };
  void ask();
  void attempt(const Request& request);
  void try_later(const Request& request);
  void send(const Request& request, int node, Epoch epoch);
  void commit(const Request& request, int node, Epoch epoch, std::uint64_t generation, std::uint64_t xid);
  void look_up(const Request& request, int node, Epoch epoch, std::uint64_t xid);
  void await_silent(const Request& request, int node, Epoch epoch);
  void end(const Request& request);
  bool is_open(const Request& request) const { return world_.checkers().is_open(request.id); }
  const ClusterView& seen() const;
  std::optional<int> choose(const Request& request) const;

  World& world_;
  std::uint64_t last_id_;
  std::map<std::uint64_t, Request> open_;
  ClusterView stale_;  // what a stale worker goes by
  Instant last_write_{};
  bool is_stopping_ = false;
};

}  // namespace howdah::sim
