#include "failover/io/control.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "base/io/clock.hpp"
#include "base/overloaded.hpp"
#include "failover/coordinator.hpp"
#include "failover/io/agent_line.hpp"
#include "failover/io/command_runner.hpp"
#include "failover/io/executor.hpp"
#include "failover/io/journal.hpp"
#include "failover/io/patroni_watcher.hpp"
#include "health/io/pq_prober.hpp"
#include "health/io/view_publisher.hpp"

namespace howdah::failover {

namespace {

// How long an operator waits for the answer to a request; longer than any switchover may take.
constexpr auto kLongestRequest = std::chrono::seconds(150);
// More reports of failing traffic than this waiting for the control thread say nothing new.
constexpr std::size_t kMostTraffic = 1000;

}  // namespace

struct Control::State {
  State(ControlOptions given, Log& log_given, std::function<void(ClusterViewPtr)> publish_given)
      : options(std::move(given)),
        log(log_given),
        publish(std::move(publish_given)),
        journal(options.status_directory, log),
        coordinator(options.health, options.failover, log) {}

  void start();
  void stop();
  void post(Event event);
  void post_traffic(Event event);
  void run();
  std::deque<Event> take_events();
  void run_actions(Actions<Action>& actions);
  void perform(const Probe& probe) { (probe.is_knock ? knockers : probers).at(probe.node)->ask(probe); }
  void perform(RunSql& step) { executors.at(step.node)->run(std::move(step)); }
  void perform(RunCommand& command) { commands->run(std::move(command)); }
  void perform(AskAgent& request) {
    (request.is_lease() ? lease_lines : order_lines).at(request.node)->ask(std::move(request));
  }
  void perform(const Persist& action) { journal.write(action.state); }
  void perform(const Publish& action);
  void perform(Answer& action);
  void perform(const Fate& action);
  void perform(const WatchPatroni& action) { if (patroni) patroni->watch(action.period); }
  void perform(const WatchCouncil& action) { etcd->watch(action.period); }
  void perform(TellCouncil& action) { etcd->tell(std::move(action.vote)); }
  void perform(TakeLock& action) { etcd->carry_out(std::move(action)); }
  void perform(DropLock& action) { etcd->carry_out(action); }
  void perform(ClaimOffice& action) { etcd->carry_out(std::move(action)); }
  void perform(SwitchPatroni& action) { patroni->switch_over(std::move(action)); }
  void share_stats();
  Result<void> request(std::function<Event(RequestId)> make);

  ControlOptions options;
  Log& log;
  std::function<void(ClusterViewPtr)> publish;
  Journal journal;
  health::ViewPublisher newest;

  std::mutex mutex;  // guards everything down to the next empty line
  std::condition_variable wake;
  std::condition_variable primary_found;
  std::deque<Event> events;
  std::size_t waiting_traffic = 0;
  std::map<RequestId, std::promise<Result<void>>> requests;
  std::map<RequestId, std::function<void(CommitOutcome)>> doubts;
  RequestId last_request = 0;
  std::optional<std::pair<health::HealthOptions, FailoverOptions>> fresh_options;
  std::vector<NodeStats> stats;
  std::vector<FailoverRecord> failovers;
  std::uint64_t timeline_version = 0;  // of `failovers`
  bool is_stopping = false;

  Coordinator coordinator;  // control thread only
  std::map<NodeId, std::unique_ptr<health::PqProber>> probers;
  std::map<NodeId, std::unique_ptr<health::PqProber>> knockers;  // have no connection but while they ask
  std::map<NodeId, std::unique_ptr<NodeExecutor>> executors;
  std::map<NodeId, std::unique_ptr<AgentLine>> lease_lines;  // where there is an agent
  std::map<NodeId, std::unique_ptr<AgentLine>> order_lines;
  std::unique_ptr<CommandRunner> commands;
  std::unique_ptr<PatroniWatcher> patroni;  // if it is known where
  std::unique_ptr<EtcdLink> etcd;           // if several gateways agree
  std::thread thread;
};

void Control::State::start() {
  const Instant now = monotonic_now();
  coordinator.set_wall_clock(wall_now(), now);
  if (!options.is_status_discarded) coordinator.restore(journal.read(), now);
  const auto report = [this](auto seen) { std::visit([this](auto& event) { post(std::move(event)); }, seen); };
  for (const health::NodeOptions& node : options.health.nodes) {
    probers.emplace(node.id, std::make_unique<health::PqProber>(node, options.probe_login, report));
    knockers.emplace(node.id, std::make_unique<health::PqProber>(node, options.probe_login, report));
    executors.emplace(node.id, std::make_unique<NodeExecutor>(node, options.step_login,
                                                              [this](SqlDone done) { post(std::move(done)); }));
    if (!node.has_agent()) continue;
    for (auto* lines : {&lease_lines, &order_lines})
      lines->emplace(node.id, std::make_unique<AgentLine>(node, options.agent_tls,
                                                          [this](AgentDone done) { post(std::move(done)); }));
  }
  commands = std::make_unique<CommandRunner>(log, [this](CommandDone done) { post(std::move(done)); });
  if (!options.patroni.urls.empty())
    patroni = std::make_unique<PatroniWatcher>(options.patroni, [this](auto told) {
      std::visit([this](auto& event) { post(std::move(event)); }, told);
    });
  if (options.failover.council.is_enabled)
    etcd = std::make_unique<EtcdLink>(options.etcd, [this](CouncilSeen seen) { post(std::move(seen)); });
  thread = std::thread([this] { run(); });
}

void Control::State::stop() {
  {
    const std::lock_guard lock(mutex);
    if (is_stopping) return;
    is_stopping = true;
  }
  wake.notify_all();
  primary_found.notify_all();
  if (thread.joinable()) thread.join();
  probers.clear();
  knockers.clear();
  executors.clear();
  lease_lines.clear();
  order_lines.clear();
  commands.reset();
  patroni.reset();
  etcd.reset();
  const std::lock_guard lock(mutex);
  for (auto& [id, promise] : requests) promise.set_value(Error{ErrorCode::shutting_down, "Howdah is shutting down"});
  requests.clear();
  for (auto& [id, then] : doubts) then(CommitOutcome::unknown);
  doubts.clear();
}

void Control::State::post(Event event) {
  {
    const std::lock_guard lock(mutex);
    events.push_back(std::move(event));
  }
  wake.notify_one();
}

void Control::State::post_traffic(Event event) {
  {
    const std::lock_guard lock(mutex);
    if (waiting_traffic >= kMostTraffic) return;
    ++waiting_traffic;
    events.push_back(std::move(event));
  }
  wake.notify_one();
}

// Waits for events or the coordinator's deadline; at a deadline there is a Tick.
std::deque<Event> Control::State::take_events() {
  const auto deadline = coordinator.next_deadline();
  std::unique_lock lock(mutex);
  const auto has_work = [this] { return is_stopping || !events.empty() || fresh_options; };
  if (!deadline) wake.wait(lock, has_work);
  else {
    const auto left = std::chrono::microseconds(
        std::chrono::ceil<microseconds>(*deadline - monotonic_now()).count());
    wake.wait_for(lock, left, has_work);
  }
  if (fresh_options) {
    auto taken = *std::exchange(fresh_options, std::nullopt);
    coordinator.reconfigure(std::move(taken.first), std::move(taken.second));
  }
  waiting_traffic = 0;
  std::deque<Event> taken = std::exchange(events, {});
  if (deadline && monotonic_now() >= *deadline) taken.push_back(health::Tick{});
  return taken;
}

void Control::State::run() {
  Actions<Action> actions;
  coordinator.on(health::Tick{}, monotonic_now(), actions);
  for (;;) {
    run_actions(actions);
    for (const Event& event : take_events()) {
      for (const health::NodeOptions& node : options.health.nodes) coordinator.hear(node.id, options.heard_at(node.id));
      const Instant now = monotonic_now();
      coordinator.set_wall_clock(wall_now(), now);
      coordinator.on(event, now, actions);
    }
    share_stats();
    const std::lock_guard lock(mutex);
    if (is_stopping) return;
  }
}

void Control::State::run_actions(Actions<Action>& actions) {
  for (Action& action : actions) std::visit([this](auto& a) { perform(a); }, action);
  actions.clear();
}

void Control::State::perform(const Publish& action) {
  newest.publish(action.view);
  publish(action.view);
  if (!action.view->primary) return;
  const std::lock_guard lock(mutex);  // so that a waiter cannot look before and sleep after
  primary_found.notify_all();
}

void Control::State::perform(Answer& action) {
  const std::lock_guard lock(mutex);
  const auto found = requests.find(action.request);
  if (found == requests.end()) return;
  found->second.set_value(std::move(action.result));
  requests.erase(found);
}

void Control::State::perform(const Fate& action) {
  std::unique_lock lock(mutex);
  const auto asker = doubts.extract(action.request);
  lock.unlock();
  if (asker) asker.mapped()(action.outcome);
}

void Control::State::share_stats() {
  std::vector<NodeStats> fresh;
  for (const health::NodeFacts& node : coordinator.tracker().nodes()) fresh.push_back({node.options.id, node.stats});
  const std::lock_guard lock(mutex);
  stats = std::move(fresh);
  if (timeline_version == coordinator.timeline().version()) return;
  timeline_version = coordinator.timeline().version();
  const auto& records = coordinator.timeline().records();
  failovers.assign(records.begin(), records.end());
}

Result<void> Control::State::request(std::function<Event(RequestId)> make) {
  std::future<Result<void>> outcome;
  {
    const std::lock_guard lock(mutex);
    if (is_stopping) return Error{ErrorCode::shutting_down, "Howdah is shutting down"};
    const RequestId id = ++last_request;
    outcome = requests[id].get_future();
    events.push_back(make(id));
  }
  wake.notify_one();
  if (outcome.wait_for(kLongestRequest) == std::future_status::ready) return outcome.get();
  return Error{ErrorCode::command_failed, "no outcome yet", {}, "The request goes on; see the log and pcp_node_info."};
}

Control::Control(ControlOptions options, Log& log, std::function<void(ClusterViewPtr)> publish)
    : state_(std::make_unique<State>(std::move(options), log, std::move(publish))) {}
Control::~Control() { stop(); }

void Control::start() { state_->start(); }
void Control::stop() { state_->stop(); }

bool Control::wait_for_primary(Duration limit) {
  std::unique_lock lock(state_->mutex);
  const auto has_primary = [this] { return state_->newest.newest()->primary.has_value(); };
  state_->primary_found.wait_for(lock, std::chrono::nanoseconds(limit),
                                 [&] { return state_->is_stopping || has_primary(); });
  return has_primary();
}

void Control::report_traffic_failure(NodeId node, health::FailureKind kind) {
  state_->post_traffic(health::TrafficFailed{node, kind});
}
void Control::want_position() {
  if (const auto primary = view()->primary) state_->post_traffic(health::PositionWanted{*primary});
}
void Control::note_view_taken(ViewTaken event) { state_->post(event); }
void Control::report_traffic(NodeId node) { state_->post_traffic(health::TrafficSeen{node}); }

Result<void> Control::attach(NodeId node) {
  return state_->request([node](RequestId id) { return AttachRequest{id, node}; });
}
Result<void> Control::detach(NodeId node) {
  return state_->request([node](RequestId id) { return DetachRequest{id, node}; });
}
Result<void> Control::promote(NodeId node, bool is_switchover) {
  return state_->request([node, is_switchover](RequestId id) { return PromoteRequest{id, node, is_switchover}; });
}

void Control::look_up(CommitDoubt doubt, Duration limit, std::function<void(CommitOutcome)> then) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->is_stopping) {
      const RequestId id = ++state_->last_request;
      state_->doubts.emplace(id, std::move(then));
      state_->events.push_back(FateRequest{id, doubt, limit});
      then = nullptr;
    }
  }
  if (then) return then(CommitOutcome::unknown);
  state_->wake.notify_one();
}

ClusterViewPtr Control::view() const { return state_->newest.newest(); }

std::vector<Control::NodeStats> Control::health_stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

std::vector<FailoverRecord> Control::failovers() const {
  const std::lock_guard lock(state_->mutex);
  return state_->failovers;
}

void Control::reconfigure(health::HealthOptions health, FailoverOptions failover) {
  {
    const std::lock_guard lock(state_->mutex);
    failover.council = state_->options.failover.council;  // for life, as its line to etcd
    failover.are_views_told = state_->options.failover.are_views_told;
    state_->fresh_options = {std::move(health), std::move(failover)};
  }
  state_->wake.notify_one();
}

}  // namespace howdah::failover
