// What the gateways of one simulation have in common: time, servers, the network between them, an etcd, and the promise
// that no single gateway can keep alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"
#include "failover/quorum.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/sim_postgres.hpp"

namespace howdah::sim {

struct SimEtcd {
  failover::Assembly assembly = {};
  std::int64_t revision = 0;
  std::vector<std::pair<failover::GatewayId, Instant>> leases = {};  // when each ends; a gateway without one is a script's

  void renew(const failover::GatewayId& gateway, Instant until);
  void put(const failover::Vote& vote);
  void expire(Instant now);  // what was under a lease that has ended
};

// How the clients' connections to a server come to an end, or what else befalls them.
enum class ServerEnd {
  died,        // the operating system closes them
  crashed,     // another backend crashed
  terminated,  // pg_terminate_backend
  reset,       // by the network
  cut,         // nothing arrives any more
};

// That it did happen: a run in which nothing does proves nothing.
struct Happened {
  std::size_t moves = 0;       // of server connections between workers
  std::size_t copies = 0;      // COPY
  std::size_t notes = 0;       // reads of temporary tables
  std::size_t lost_notes = 0;  // clients with temporary tables who have lost their server

  Happened& operator+=(const Happened& other) {
    moves += other.moves, copies += other.copies, notes += other.notes, lost_notes += other.lost_notes;
    return *this;
  }
};

struct Universe {
  explicit Universe(std::uint64_t seed) : rng(seed) {}

  // A write was acknowledged through any gateway: never on an older timeline than one before, nor on two servers of one.
  void on_acknowledged(std::uint64_t write);

  void tell_clients(int node, ServerEnd how) {
    for (const auto& listener : listeners) listener(node, how);
  }

  Rng rng;
  Instant now = Instant{} + 1000s;
  Instant healed_at = {};  // when servers heard each other again
  Agenda agenda;
  std::vector<SimPostgres> nodes;
  std::set<std::pair<int, int>> cuts;
  std::uint64_t last_process = 0;
  std::map<std::uint64_t, std::shared_ptr<void>> processes;  // the servers' backends that live
  int gateways = 0;
  std::vector<std::function<void(int node, ServerEnd how)>> listeners;  // the gateways' connections; they outlive the run
  SimEtcd etcd;
  std::uint32_t newest_timeline = 0;  // of acknowledged writes
  int newest_node = -1;
  Happened happened;
  std::vector<std::string> violations;
  std::vector<std::string> trace;
  std::uint64_t trace_hash = 14695981039346656037ULL;
};

}  // namespace howdah::sim
