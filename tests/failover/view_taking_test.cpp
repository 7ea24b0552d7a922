#include "failover/view_taking.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::failover;

namespace {

ClusterView view(std::uint64_t version, std::optional<NodeId> primary, bool is_first_up = true) {
  ClusterView made;
  made.version = version;
  made.primary = primary;
  for (const int id : {0, 1}) made.nodes.push_back({.id = NodeId{id}});
  made.nodes[0].state = is_first_up ? NodeState::up : NodeState::down;
  made.nodes[1].state = NodeState::up;
  return made;
}

struct Published {
  Published() { views.note_published(view(0, {}), view(1, NodeId{0}), Instant{1s}), views.on({1}); }
  NullLog log;
  ViewTaking views{log};
};

}  // namespace

TEST_CASE("a view that says who may be used is waited for until all workers act by it") {
  Published published;
  CHECK(published.views.is_taken(Instant{1s}));
  const auto next = GENERATE(view(2, {}), view(2, NodeId{1}), view(2, NodeId{0}, false));
  published.views.note_published(view(1, NodeId{0}), next, Instant{2s});
  CHECK_FALSE(published.views.is_taken(Instant{2s}));
  published.views.on({1});
  CHECK_FALSE(published.views.is_taken(Instant{2s}));
  published.views.on({3});  // it holds what those before it said
  CHECK(published.views.is_taken(Instant{2s}));
}

TEST_CASE("a view with nothing but news of positions is not waited for") {
  Published published;
  ClusterView next = view(2, NodeId{0});
  next.nodes[1].replayed = Lsn{5};
  published.views.note_published(view(1, NodeId{0}), next, Instant{2s});
  CHECK(published.views.is_taken(Instant{2s}));
}

TEST_CASE("workers are quiet when all of them have said so of the view in force") {
  Published published;
  published.views.note_published(view(1, NodeId{0}), view(2, {}), Instant{2s});
  published.views.on({1, true});
  published.views.on({2});
  CHECK(published.views.is_taken(Instant{2s}));
  CHECK_FALSE(published.views.is_quiet());
  published.views.on({3, true});
  CHECK(published.views.is_quiet());
}

TEST_CASE("a worker that hangs is not waited for for long, but is not taken for quiet") {
  Published published;
  published.views.note_published(view(1, NodeId{0}), view(2, {}), Instant{2s});
  CHECK_FALSE(published.views.is_taken(published.views.deadline() - 1ms));
  CHECK(published.views.is_taken(published.views.deadline()));
  CHECK(published.views.deadline() - Instant{2s} <= 500ms);
  CHECK_FALSE(published.views.is_quiet());
}
