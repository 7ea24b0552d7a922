#include "tests/sim/sim_worker.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/overloaded.hpp"

namespace howdah::sim {

namespace {

constexpr std::size_t kParseCache = 1 << 20;

health::FailureKind to_health(NodeFailure failure) {  // as gateway/app.cpp
  switch (failure) {
    case NodeFailure::closed:
    case NodeFailure::reset: return health::FailureKind::lost;
    case NodeFailure::timed_out: return health::FailureKind::timeout;
    case NodeFailure::shut_down: return health::FailureKind::shutting_down;
    case NodeFailure::misbehaved: return health::FailureKind::other;
  }
  return health::FailureKind::other;
}

// A worker that gets no CPU is late. Not by more than what a promotion waits.
Duration lateness(Rng& rng) {
  return rng.chance(0.85) ? Duration{} : milliseconds(rng.below(rng.chance(0.9) ? 10 : 150));
}

}  // namespace

SimWorker::SimWorker(World& world, SimWorkerOptions options, Crew& crew, WorkerId id)
    : world_(world),
      options_(std::move(options)),
      crew_(crew),
      id_(id),
      rng_(world.rng().next()),
      parse_cache_(std::make_shared<RoutingOptions>(options_.routing), kParseCache),
      surroundings_{parse_cache_, catalog_, welcome_cache_, rng_, log_, std::make_shared<ClusterView>()},
      ids_(id) {
  crew_.workers[id_.value] = this;
  surroundings_.writes = &crew_.writes;
  surroundings_.writer = id_.value;
  surroundings_.waiting_room = crew_.waiting_room;
  world_.on_published[id_.value] = [this, adopt = mine([this] { take_view(); })] { world_.after(lateness(world_.rng()), adopt); };
  world_.universe().listeners.push_back([this, life = std::weak_ptr(life_)](int node, ServerEnd how) {
    if (!life.expired()) on_server_end(node, how);
  });
  take_view();
}

// The process ends, and the operating system closes what it had open.
SimWorker::~SimWorker() {
  world_.on_published.erase(id_.value);
  for (const auto& [id, server] : servers_) server->link->close_by_gateway();
}

std::function<void()> SimWorker::mine(std::function<void()> what) {
  return [life = std::weak_ptr(life_), what = std::move(what)] {
    if (!life.expired()) what();
  };
}

SimWorker::Seat* SimWorker::find(SessionId id) {
  const auto found = seats_.find(id);
  return found == seats_.end() ? nullptr : found->second.get();
}

// ---- clients

SessionId SimWorker::enter(Client& client, const std::string& application_name) {
  ClientIdentity identity;
  constexpr int kSessionBits = 48;  // those above tell the worker
  identity.id = SessionId{(std::uint64_t{id_.value} << kSessionBits) + ++last_session_};
  identity.database = "db";
  identity.user = "app";
  identity.settings = startup_settings_of({{"application_name", application_name}})->carried;
  identity.application_name = application_name;
  identity.cancel_key = {static_cast<std::uint32_t>(last_session_), "abcd"};
  const SessionId id = identity.id;
  seats_[id] = std::make_unique<Seat>(std::move(identity), options_.session, surroundings_, client);
  feed(*seats_[id], session::LoggedIn{});
  deliver();
  return id;
}

void SimWorker::say(SessionId id, std::string_view bytes) {
  Seat* seat = find(id);
  if (seat == nullptr || seat->is_closing) return;
  feed(*seat, session::ClientBytes{as_bytes(bytes)});
  deliver();
}

void SimWorker::leave(SessionId id) {
  Seat* seat = find(id);
  if (seat == nullptr) return;
  if (!seat->is_closing) {
    feed(*seat, session::ClientGone{});
    deliver();
  }
  close(*seat);
}

void SimWorker::cancel(SessionId id) {
  Seat* seat = find(id);
  if (seat == nullptr || seat->is_closing) return;
  feed(*seat, session::CancelAsked{});
  deliver();
}

std::size_t SimWorker::leased_count() const {
  return static_cast<std::size_t>(
      std::count_if(servers_.begin(), servers_.end(), [](const auto& entry) { return entry.second->lessee != nullptr; }));
}

std::string SimWorker::describe(SessionId id) const {
  const auto found = seats_.find(id);
  if (found == seats_.end()) return "away";
  std::string text(name_of(found->second->session.state()));
  for (const Server* server : found->second->leases)
    text += fmt::format(" node={} owes={} process={}", server->node().value, server->ledger.size(), server->process ? server->process->describe() : "none");
  return text;
}

void SimWorker::close(Seat& seat) {
  if (!seat.leases.empty()) world_.checkers().fail("a session has ended and holds a server connection");
  while (!seat.leases.empty()) {
    Server& server = *seat.leases.back();
    seat.leases.pop_back();
    give_back(server, session::LeaseEnd::close);
  }
  if (seat.asked != nullptr) forget(*std::exchange(seat.asked, nullptr), seat.session.identity().id);
  seats_.erase(seat.session.identity().id);
  deliver();
  tell_when_quiet();
}

// ---- turns

void SimWorker::feed(Seat& seat, const session::Event& event) {
  Actions<session::Action> actions;
  seat.session.on(event, world_.now(), actions);
  for (const session::Action& action : actions) act(seat, action);
  if (!seat.is_closing) wake(seat);
  tell_when_quiet();
}

void SimWorker::act(Seat& seat, const session::Action& action) {
  const SessionId id = seat.session.identity().id;
  std::visit(
      Overloaded{[&](const session::ToClient& to) { to_client(seat, std::string(as_text(to.bytes))); },
                 [&](const session::ToServer& to) {
                   static_cast<Server*>(to.backend)->link->send_to_server(std::string(as_text(to.bytes)));
                 },
                 [&](const session::WantLease& wanted) {
                   seat.asked = &entry_of(wanted.node);
                   run(*seat.asked, LeaseAsked{id});
                 },
                 [&](const session::ForgetLease&) {
                   if (seat.asked != nullptr) forget(*std::exchange(seat.asked, nullptr), id);
                 },
                 [&](const session::ReturnLease& returned) {
                   auto* server = static_cast<Server*>(returned.backend);
                   std::erase(seat.leases, server);
                   give_back(*server, returned.end);
                 },
                 [](const session::AskLocal&) {},
                 [](const session::WithdrawLocal&) {},
                 [&](const session::LookUpCommit& wanted) { look_up(id, wanted); },
                 [&](const session::ReportNode& seen) { report(seen.node, seen.failure); },
                 [&](const session::SendCancel& wanted) { cancel(*static_cast<Server*>(wanted.backend)); },
                 [&](const session::WantPosition&) {
                   world_.after({}, [this] {
                     if (const auto primary = world_.view().primary) world_.post(health::PositionWanted{*primary});
                   });
                 },
                 [&](const session::CloseClient&) {
                   seat.is_closing = true;
                   world_.after({}, mine([this, id] {
                                  Seat* closed = find(id);
                                  if (closed == nullptr) return;
                                  Client& end = closed->end;
                                  close(*closed);
                                  end.on_closed();
                                }));
                 }},
      action);
}

void SimWorker::to_client(Seat& seat, std::string bytes) {
  world_.after({}, mine([this, id = seat.session.identity().id, bytes = std::move(bytes)] {
                 if (Seat* reader = find(id)) reader->end.on_bytes(bytes);
               }));
}

void SimWorker::wake(Seat& seat) {
  const auto deadline = seat.session.next_deadline();
  if (!deadline) return;
  const Instant due = std::max(*deadline, world_.now());
  if (seat.wakes_at && *seat.wakes_at <= due) return;
  seat.wakes_at = due;
  world_.at(due, mine([this, due, id = seat.session.identity().id] {
              Seat* woken = find(id);
              if (woken == nullptr || woken->wakes_at != due) return;
              woken->wakes_at.reset();
              if (woken->is_closing) return;
              const auto wanted = woken->session.next_deadline();
              if (wanted && *wanted <= world_.now()) {
                feed(*woken, session::Tick{});
                deliver();
              } else {
                wake(*woken);
              }
            }));
}

void SimWorker::report(NodeId node, NodeFailure failure) {
  world_.after({}, [this, node, failure] { world_.report_failure(node.value, to_health(failure)); });
}

void SimWorker::look_up(SessionId id, const session::LookUpCommit& wanted) {
  const auto answer = [this, id](CommitOutcome outcome) {
    Seat* asker = find(id);
    if (asker == nullptr || asker->is_closing) return;
    fates_ += outcome == CommitOutcome::unknown ? 0 : 1;
    feed(*asker, session::CommitFate{outcome});
    deliver();
  };
  if (world_.mutant() == Mutant::hopeful_commit) return world_.after({}, mine([answer] { answer(CommitOutcome::committed); }));
  world_.after({}, [this, life = std::weak_ptr(life_), answer, wanted] {
    if (life.expired()) return;
    world_.look_up(wanted.doubt, wanted.limit, [this, life, answer](CommitOutcome outcome) {
      world_.after({}, [life, answer, outcome] {
        if (!life.expired()) answer(outcome);
      });
    });
  });
}

// ---- views

// The view as the sessions see it: some bugs are planted here.
ClusterView SimWorker::seen() const {
  ClusterView view = world_.view();
  if (world_.mutant() == Mutant::early_release && !view.primary && world_.is_old_primary_closed())
    for (const NodeView& node : view.nodes)
      if (node.role == Role::primary) view.primary = node.id, view.is_switching = false;
  if (world_.mutant() == Mutant::stale_reads)
    for (NodeView& node : view.nodes) node.replayed = Lsn{~std::uint64_t{0}};
  return view;
}

void SimWorker::take_view() {
  const std::uint64_t version = world_.view().version;
  adopt_view();
  world_.note_view_taken(id_.value, version, false);
  quiet_awaited_ = surroundings_.view->is_switching ? std::optional(version) : std::nullopt;
  tell_when_quiet();
}

// As gateway/io/worker.
bool SimWorker::is_quiet() const {
  return std::none_of(servers_.begin(), servers_.end(), [&](const auto& entry) {
    const Server& server = *entry.second;
    return server.lessee != nullptr && server.node() == surroundings_.view->primary && !server.ledger.is_empty() &&
           server.ledger.status() == TransactionStatus::idle;
  });
}

void SimWorker::tell_when_quiet() {
  if (quiet_awaited_ && is_quiet()) world_.note_view_taken(id_.value, *std::exchange(quiet_awaited_, std::nullopt), true);
}

void SimWorker::adopt_view() {
  if (world_.mutant() == Mutant::stale_clients && surroundings_.view->primary) return;
  const ClusterViewPtr before = surroundings_.view;
  const auto view = std::make_shared<const ClusterView>(seen());
  if (before->epoch != view->epoch) welcome_cache_.clear();
  surroundings_.view = view;
  set_view(*before, *view);
  std::vector<SessionId> waiting;
  for (const auto& [id, seat] : seats_) {
    const SessionState state = seat->session.state();
    if (!seat->is_closing && (state == SessionState::waiting_primary || state == SessionState::waiting_lease || state == SessionState::starting))
      waiting.push_back(id);
  }
  for (const SessionId id : waiting) {
    Seat* seat = find(id);
    if (seat == nullptr || seat->is_closing) continue;
    feed(*seat, session::ViewChanged{});
    deliver();
  }
}

void SimWorker::on_server_end(int node, ServerEnd how) {
  std::vector<std::pair<std::shared_ptr<SimLink>, std::shared_ptr<SimBackend>>> concerned;
  for (const auto& [id, server] : servers_)
    if (server->node().value == node && server->process != nullptr) concerned.emplace_back(server->link, server->process);
  for (const auto& [link, process] : concerned) {
    if (how == ServerEnd::cut) link->on_cut();
    else if (how == ServerEnd::reset) link->reset();
    else process->end(how);
  }
}

}  // namespace howdah::sim
