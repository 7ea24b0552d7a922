#include "tests/sim/sim_client.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kPause = 60ms;      // between two requests of a client, on average twice that
constexpr Duration kWaitLimit = 30s;   // primary_wait_timeout
constexpr Duration kSlack = 1s;        // for what is under way when the limit is reached
constexpr Duration kTryAgain = 50ms;

}  // namespace

SimClients::SimClients(World& world, int count, std::uint64_t first_id) : world_(world), last_id_(first_id) {
  for (int i = 0; i < count; ++i) world_.after(microseconds(world_.rng().below(100'000)), [this] { ask(); });
}

void SimClients::ask() {
  if (is_stopping_) return;
  const Request request{++last_id_, world_.rng().chance(0.5), world_.now() + kWaitLimit};
  open_[request.id] = request;
  world_.checkers().on_asked(request.id, request.deadline + kSlack);
  attempt(request);
}

// The first view with a primary, for ever, where that bug is planted.
const ClusterView& SimClients::seen() const {
  if (world_.mutant() != Mutant::stale_clients) return world_.view();
  auto& stale = const_cast<ClusterView&>(stale_);
  if (!stale.primary) stale = world_.view();
  return stale_;
}

std::optional<int> SimClients::choose(const Request& request) const {
  const ClusterView& view = seen();
  const bool has_primary = view.primary && !view.is_switching;
  if (request.is_write && !has_primary && world_.mutant() == Mutant::early_release)
    for (const NodeView& node : view.nodes)
      if (node.role == Role::primary) return node.id.value;
  if (request.is_write) return has_primary ? std::optional(view.primary->value) : std::nullopt;
  std::vector<int> usable;
  for (const NodeView& node : view.nodes)
    if (node.is_usable() && node.role == Role::standby) usable.push_back(node.id.value);
  if (!usable.empty()) return usable[world_.rng().below(usable.size())];
  return has_primary ? std::optional(view.primary->value) : std::nullopt;
}

void SimClients::attempt(const Request& request) {
  if (!is_open(request)) return;
  if (world_.now() >= request.deadline) return end(request);
  const auto node = choose(request);
  if (!node) return try_later(request);
  world_.after(1ms, [this, request, node = *node, epoch = seen().epoch] { send(request, node, epoch); });
}

void SimClients::try_later(const Request& request) {
  world_.after(kTryAgain, [this, request] { attempt(request); });
}

void SimClients::send(const Request& request, int node, Epoch epoch) {
  if (!is_open(request)) return;
  SimPostgres& server = world_.node(node);
  if (!world_.is_reachable(node) || server.life == Life::frozen) return await_silent(request, node, epoch);
  if (!server.answers()) {
    world_.report_failure(node, server.life == Life::dead ? health::FailureKind::refused : health::FailureKind::starting_up);
    return try_later(request);  // nothing was sent
  }
  world_.hear(node);
  if (!request.is_write) return end(request);
  if (server.in_recovery || server.is_read_only) return end(request);  // refused by the server: one error
  ++server.open_transactions;
  const Duration takes = world_.rng().chance(0.01) ? Duration{3s} : Duration{microseconds(world_.rng().below(20'000))};
  const std::uint64_t xid = server.given_xids = server.next_xid();
  world_.after(takes, [this, request, node, epoch, generation = server.generation, xid] {
    commit(request, node, epoch, generation, xid);
  });
}

void SimClients::commit(const Request& request, int node, Epoch epoch, std::uint64_t generation, std::uint64_t xid) {
  SimPostgres& server = world_.node(node);
  if (server.generation != generation) return look_up(request, node, epoch, xid);  // the connection broke
  if (server.life == Life::frozen) {  // goes on when it thaws, whoever is primary by then
    world_.after(50ms, [this, request, node, epoch, generation, xid] { commit(request, node, epoch, generation, xid); });
    return;
  }
  --server.open_transactions;
  server.wal.push_back({request.id, server.timeline, xid});
  world_.after(1ms, [this, request, node, epoch, generation, xid] {
    if (!is_open(request)) return;
    // A server that is shut to clients has its connections cut.
    const bool is_open_here = world_.view().epoch == epoch && world_.view().find(NodeId{node})->is_usable();
    const bool is_current = is_open_here || world_.mutant() == Mutant::stale_clients;
    if (world_.node(node).generation == generation && world_.is_reachable(node) && is_current) {
      world_.hear(node);
      world_.acknowledge(request.id, node, epoch);
      last_write_ = world_.now();
      return end(request);
    }
    look_up(request, node, epoch, xid);
  });
}

// The COMMIT was sent, and its answer is lost.
void SimClients::look_up(const Request& request, int node, Epoch epoch, std::uint64_t xid) {
  if (!is_open(request)) return;
  const Duration limit = std::max(Duration{1ms}, request.deadline - world_.now());
  world_.look_up({xid, NodeId{node}, epoch}, limit, [this, request](CommitOutcome outcome) {
    if (!is_open(request)) return;
    if (world_.view().primary)
      world_.checkers().on_fate(request.id, outcome, world_.node(world_.view().primary->value));
    end(request);
  });
}

// Sent, and no answer comes: an error as soon as the view leaves that node behind, or at the deadline.
void SimClients::await_silent(const Request& request, int node, Epoch epoch) {
  if (!is_open(request)) return;
  const NodeView* seen_node = world_.view().find(NodeId{node});
  const bool is_left = world_.view().epoch != epoch || seen_node == nullptr || !seen_node->is_usable();
  if (is_left && !request.is_write) return attempt(request);  // a read is asked elsewhere
  if (is_left || world_.now() >= request.deadline) return end(request);
  world_.after(50ms, [this, request, node, epoch] { await_silent(request, node, epoch); });
}

void SimClients::end(const Request& request) {
  world_.checkers().on_ended(request.id, world_.now());
  open_.erase(request.id);
  world_.after(kPause + microseconds(world_.rng().below(60'000)), [this] { ask(); });
}

void SimClients::fail_all() {
  const auto open = std::exchange(open_, {});
  for (const auto& [id, request] : open) end(request);
}

}  // namespace howdah::sim
