#include "tests/sim/world.hpp"

#include <fmt/format.h>

#include "conf/conninfo.hpp"

namespace howdah::sim {

namespace {

using health::FailureKind;

constexpr Duration kReplicationTick = 5ms;
constexpr Duration kReconnect = 5s;  // wal_retrieve_retry_interval
constexpr Duration kLateClose = 250ms;
constexpr Duration kEarly = 200ms;
constexpr int kUnacknowledged = 3;  // ticks in which something arrives although nothing goes back
constexpr Duration kThawTick = 20ms;
constexpr Duration kDiskTick = 20ms;
constexpr std::uint64_t kDying = 40'000;  // us, until all processes of a server are gone

class TraceLog final : public Log {
 public:
  explicit TraceLog(World& world) : world_(world) {}
  bool is_enabled(LogLevel level) const override { return level >= LogLevel::info; }
  void write(LogLevel, std::string_view line) override { world_.note("log " + std::string(line)); }

 private:
  World& world_;
};

std::string conninfo_to(int node) { return fmt::format("host=pg{} port=5432 user=replicator", node); }

void point(SimPostgres& standby, std::string conninfo) {
  const auto source = source_of(conninfo);
  standby.conninfo = std::move(conninfo);
  standby.source = -1;
  if (source) std::sscanf(source->host.c_str(), "pg%d", &standby.source);
}

// The literal of ALTER SYSTEM SET primary_conninfo = '...'.
std::string unquote_last_literal(const std::string& statement) {
  std::string text;
  const auto begin = statement.find('\'');
  for (std::size_t i = begin + 1; i + 1 < statement.size(); ++i) {
    text.push_back(statement[i]);
    if (statement[i] == '\'') ++i;  // doubled
  }
  return text;
}

bool needs_disk(failover::SqlStep step) {
  using enum failover::SqlStep;
  return step != read_source && step != count_busy && step != look_up && step != look_after_fence;
}

std::string state_of(const NodeView& node) {
  if (node.is_quarantined) return "quarantine";
  switch (node.state) {
    case NodeState::unused: return "unused";
    case NodeState::waiting: return "waiting";
    case NodeState::up: return "up";
    case NodeState::down: return "down";
  }
  return "?";
}

}  // namespace

std::string summary_of(const ClusterView& view) {
  std::string text = fmt::format("view epoch={} primary={}{}", view.epoch.value,
                                 view.primary ? fmt::format("{}", view.primary->value) : "none",
                                 view.is_switching ? " switching" : "");
  for (const NodeView& node : view.nodes) text += fmt::format(" {}={}", node.id.value, state_of(node));
  return text;
}

World::World(WorldOptions options, std::shared_ptr<Universe> universe)
    : options_(std::move(options)),
      universe_(universe ? std::move(universe) : std::make_shared<Universe>(options_.seed)),
      rng_(universe_->rng),
      now_(universe_->now),
      nodes_(universe_->nodes),
      cuts_(universe_->cuts) {
  const bool is_first = nodes_.empty();
  for (int id = 0; id < options_.nodes; ++id) {
    health::NodeOptions configured;
    if (static_cast<std::size_t>(id) < options_.health.nodes.size()) configured = options_.health.nodes[static_cast<std::size_t>(id)];
    configured.id = NodeId{id};
    configured.host = fmt::format("pg{}", id);
    configured.application_name = fmt::format("node{}", id);
    if (static_cast<std::size_t>(id) < options_.health.nodes.size()) options_.health.nodes[static_cast<std::size_t>(id)] = configured;
    else options_.health.nodes.push_back(configured);
    if (!is_first) continue;
    SimPostgres node{.id = id};
    node.in_recovery = id != 0;
    for (int i = 0; i < 3; ++i) node.wal.push_back({});
    node.synchronous_names = options_.synchronous_names;
    node.replayed = 3;
    if (id != 0) point(node, conninfo_to(0));
    nodes_.push_back(std::move(node));
  }
  ++universe_->gateways;
  log_ = std::make_unique<TraceLog>(*this);
  if (options_.has_jitter) checkers_.on_failed = [this](const std::string& line) { note("BROKEN " + line); };
  if (is_first) replicate();
  start_gateway();
}

void World::start_gateway() {
  ++incarnation_;
  closed_.reset();
  taken_ = quiet_ = {};
  coordinator_ = std::make_unique<failover::Coordinator>(options_.health, options_.failover, *log_);
  coordinator_->restore(kept_, now_);
  wake_at_.reset();
  post(health::Tick{});
}

void World::restart_gateway() {
  note("gateway restarted");
  on_gateway_restart();
  checkers_.on_gateway_lost();
  requests_.clear();
  doubts_.clear();
  ++options_.failover.council.self.instance;
  told_.reset();
  lease_until_ = {};
  start_gateway();
}

void World::note(std::string line) {
  if (universe_->gateways > 1) line = fmt::format("{}: {}", options_.failover.council.self.name, line);
  line = fmt::format("{:.3f} {}", std::chrono::duration<double>(now_ - Instant{} - 1000s).count(), line);
  std::uint64_t& hash = universe_->trace_hash;
  for (const char c : line) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  universe_->trace.push_back(std::move(line));
}

void World::acknowledge(std::uint64_t write) {
  checkers_.on_acknowledged(write, nodes_);
  universe_->on_acknowledged(write);
}

void World::at(Instant when, std::function<void()> what) { universe_->agenda.add(when, std::move(what)); }

void World::run_for(Duration duration) {
  const Instant end = now_ + duration;
  while (universe_->agenda.has_until(end)) {
    const Agenda::Entry entry = universe_->agenda.take();
    now_ = std::max(now_, entry.when);
    entry.what();
  }
  now_ = end;
}

std::function<void()> World::for_this_gateway(std::function<void()> what) {
  return [this, incarnation = incarnation_, what = std::move(what)] {
    if (incarnation == incarnation_) what();
  };
}

void World::post(const failover::Event& event) {
  Actions<failover::Action> actions;
  const bool was_promoting = coordinator_->phase() == failover::Phase::promoting;
  coordinator_->on(event, now_, actions);
  if (!was_promoting && coordinator_->phase() == failover::Phase::promoting) electorate_ = answering();
  run_actions(actions);
  judge_switchover();
  wake_gateway();
}

// An old primary was closed, and another node is in office: nothing that was acknowledged may be missing there. What became of
// a switchover that was given up is judged as any failover.
void World::judge_switchover() {
  const failover::Phase phase = coordinator_->phase();
  if (!closed_ || phase == failover::Phase::switching || phase == failover::Phase::promoting) return;
  const int old = *std::exchange(closed_, std::nullopt);
  const auto primary = view_->primary;
  if (phase == failover::Phase::following && primary && primary->value != old) checkers_.on_switched(node(old), node(primary->value));
}

void World::request(const failover::Event& event, const std::string& name) {
  const auto id = std::visit(
      [](const auto& e) -> failover::RequestId {
        if constexpr (requires { e.request; }) return e.request;
        else return 0;
      },
      event);
  requests_[id] = name;
  checkers_.on_operator_asked(id);
  post(event);
}

void World::wake_gateway() {
  const auto deadline = coordinator_->next_deadline();
  if (!deadline) return;
  const Instant due = std::max(*deadline, now_ + 1us);
  if (wake_at_ && *wake_at_ > now_ && *wake_at_ <= due) return;
  wake_at_ = due;
  at(due, for_this_gateway([this, due] {
       if (wake_at_ != due) return;
       wake_at_.reset();
       const auto wanted = coordinator_->next_deadline();
       if (wanted && *wanted <= now_) post(health::Tick{});
       else wake_gateway();
     }));
}

void World::run_actions(Actions<failover::Action>& actions) {
  for (const failover::Action& action : actions) std::visit([this](const auto& a) { perform(a); }, action);
}

void World::perform(const failover::Publish& action) {
  const std::string before = summary_of(*view_);
  view_ = action.view;
  checkers_.on_view(*view_);
  if (const std::string after = summary_of(*view_); after != before) note(after);
  tell_workers();
}

void World::tell_workers() {
  for (const auto& [worker, tell] : on_published) tell();
}

// The last one tells (gateway/app.cpp).
void World::note_view_taken(std::size_t worker, std::uint64_t version, bool is_quiet) {
  const bool is_of_this_gateway = version <= coordinator_->view().version;
  if (!options_.failover.are_views_told || !is_of_this_gateway) return;
  Takings& takings = is_quiet ? quiet_ : taken_;
  takings.versions[worker] = version;
  std::uint64_t slowest = version;
  for (const auto& [other, tell] : on_published) slowest = std::min(slowest, takings.versions[other]);
  if (slowest <= takings.told) return;
  takings.told = slowest;
  after({}, for_this_gateway([this, slowest, is_quiet] { post(failover::ViewTaken{slowest, is_quiet}); }));
}

void World::perform(const failover::Answer& answer) {
  checkers_.on_operator_answered(answer.request);
  note(fmt::format("answer {} {}", requests_[answer.request], answer.result ? "ok" : answer.result.error().message));
}

void World::perform(const failover::Fate& fate) {
  const auto asker = doubts_.extract(fate.request);
  if (asker) asker.mapped()(fate.outcome);
}

void World::look_up(const CommitDoubt& doubt, Duration limit, std::function<void(CommitOutcome)> then) {
  const failover::RequestId id = ++last_doubt_;
  doubts_[id] = std::move(then);
  post(failover::FateRequest{id, doubt, limit});
}

void World::perform(const failover::RunCommand& command) {
  note("command " + command.command);
  int id = -1;
  const bool is_promotion = std::sscanf(command.command.c_str(), "promote %d", &id) == 1;
  after(200ms, for_this_gateway([this, step = command.id, id, is_promotion] {
          if (is_promotion && id >= 0 && node(id).answers()) promote_by_hand(id);
          post(failover::CommandDone{step, 0, {}});
        }));
}

Duration World::latency_of(const SimPostgres& node) {
  return options_.has_jitter ? node.latency + microseconds(rng_.below(2000)) : node.latency;
}

// --- questions ---

FailureKind World::failure_of(const SimPostgres& node) const {
  switch (node.life) {
    case Life::dead: return now_ < node.gone_at ? FailureKind::lost : FailureKind::refused;
    case Life::starting: return FailureKind::starting_up;
    case Life::recovering: return FailureKind::crash_restart;
    case Life::frozen:
    case Life::running: return FailureKind::timeout;
  }
  return FailureKind::other;
}

void World::perform(const failover::Probe& probe) {
  const SimPostgres& asked = node(probe.node.value);
  const Duration delay = latency_of(asked) + (probe.is_fresh ? kLogin : Duration{});
  if (delay >= probe.timeout) {
    after(probe.timeout, for_this_gateway([this, probe, asked_at = now_] {
            post(health::ProbeFailed{probe.node, FailureKind::timeout, "", asked_at, probe.is_knock});
          }));
    return;
  }
  after(delay, for_this_gateway([this, probe, asked_at = now_] { answer_probe(probe, asked_at); }));
}

void World::answer_probe(const failover::Probe& probe, Instant asked_at) {
  const SimPostgres& asked = node(probe.node.value);
  if (is_reachable(asked.id) && asked.life == Life::frozen && now_ + kThawTick < asked_at + probe.timeout) {
    after(kThawTick, for_this_gateway([this, probe, asked_at] { answer_probe(probe, asked_at); }));  // answers when it thaws
  } else if (!is_reachable(asked.id) || asked.life == Life::frozen) {
    const bool is_accepted = asked.life == Life::frozen || probe.connect_timeout == Duration{};
    at(asked_at + (is_accepted ? probe.timeout : std::max(probe.connect_timeout, now_ - asked_at)), for_this_gateway([this, probe, asked_at] {
         post(health::ProbeFailed{probe.node, FailureKind::timeout, "", asked_at, probe.is_knock});
       }));
  } else if (!asked.answers()) {
    post(health::ProbeFailed{probe.node, failure_of(asked), "", asked_at, probe.is_knock});
  } else if (asked.is_full && probe.is_fresh) {
    post(health::ProbeFailed{probe.node, FailureKind::slots_exhausted, "", asked_at, probe.is_knock});
  } else {
    health::ProbeResult result = asked.probe(now_, nodes_);
    hide_from_probe(asked, result);
    post(health::ProbeAnswered{probe.node, std::move(result), asked_at, probe.is_knock});
  }
}

void World::hide_from_probe(const SimPostgres& asked, health::ProbeResult& result) const {
  const bool is_hidden = options_.mutant == Mutant::nobody_asked || pretended_frozen_.contains(asked.id);
  if (is_hidden) result.receiver_status.clear();
  // A WAL receiver that has just begun tells the start of the segment.
  if (options_.has_jitter && asked.is_receiving && now_ - asked.receiving_since < kEarly) result.received = Lsn{0x1000};
  if (options_.mutant == Mutant::no_fork && result.first_xid != 0) result.first_xid = ~std::uint64_t{0};
  if (options_.mutant == Mutant::unseen_run && result.run_beginning) result.run_beginning = {1h, 1h};
  if (options_.mutant == Mutant::control_timeline && !asked.in_recovery) result.timeline = TimelineId{asked.control_timeline};
}

// --- steps ---

void World::perform(const failover::RunSql& step) {
  if (std::string line = fmt::format("sql node={} step={}", step.node.value, to_text(step.step)); line != last_sql_)
    note(last_sql_ = std::move(line));  // repetitions are left out
  on_step(step);
  // A look-up may come late: by then others have begun and committed.
  const bool may_be_late = options_.has_jitter && step.step == failover::SqlStep::look_up;
  const Duration late = may_be_late ? microseconds(rng_.below(80'000)) : Duration{};
  after(latency_of(node(step.node.value)) + late, for_this_gateway([this, step] { carry_out(step); }));
}

void World::fail_step(const failover::RunSql& step, Instant when, const std::string& text) {
  at(when, for_this_gateway([this, step, text] { post(failover::SqlDone{step.id, step.node, false, "", text}); }));
}

void World::carry_out(const failover::RunSql& step) {
  SimPostgres& asked = node(step.node.value);
  if (!can_send(asked.id) || asked.life == Life::frozen) return fail_step(step, step.deadline, "no answer in time");
  if (!asked.answers()) return fail_step(step, now_, "not accepting");
  if (asked.is_disk_hung && needs_disk(step.step)) {
    if (now_ + kDiskTick >= step.deadline) return fail_step(step, step.deadline, "no answer in time");
    return after(kDiskTick, for_this_gateway([this, step] { carry_out(step); }));  // goes on when the disk does
  }
  if (step.step == failover::SqlStep::fence && asked.in_recovery) return fail_step(step, now_, "recovery is in progress");
  if (rng_.chance(step_failures_ / 2)) return fail_step(step, now_, "the connection is lost");
  const bool waits = step.step == failover::SqlStep::write && !asked.is_confirmed(asked.wal.size());
  if (waits) return fail_step(step, step.deadline, "no answer in time");
  auto rows = run_step(asked, step);
  if (rng_.chance(step_failures_ / 2)) return fail_step(step, now_, "the connection is lost");
  if (!can_hear(asked.id)) return fail_step(step, step.deadline, "no answer in time");
  after(latency_of(asked), for_this_gateway([this, step, rows = std::move(rows)] {
          post(failover::SqlDone{step.id, step.node, true, "", "", rows});
        }));
}

std::vector<std::vector<std::string>> World::run_step(SimPostgres& asked, const failover::RunSql& step) {
  using enum failover::SqlStep;
  switch (step.step) {
    case read_source:
      return {{asked.conninfo, "", fmt::format("{}", std::chrono::duration_cast<milliseconds>(asked.receiver_timeout).count())}};
    case ask_standby: {
      long ms = 0;
      std::sscanf(step.statements[0].c_str(), "ALTER SYSTEM SET wal_receiver_timeout = %ld", &ms);
      asked.receiver_timeout = milliseconds(ms);
      return {};
    }
    case freeze:
      if (coordinator_->phase() == failover::Phase::freezing) checkers_.on_freeze(asked, nodes_, !is_cut(asked.id, asked.sender) && now_ - universe_->healed_at > 1s, now_);
      if (options_.mutant == Mutant::no_freeze) {
        pretended_frozen_.insert(asked.id);
        return {};
      }
      [[fallthrough]];
    case follow:
      pretended_frozen_.erase(asked.id);
      point(asked, unquote_last_literal(step.statements[0]));
      asked.is_receiving = false;
      return {};
    case promote: {
      auto fork = fork_of(asked);
      promote_step(asked);
      return {std::move(fork)};
    }
    case create_slot:
    case checkpoint:
    case write: return {};
    case count_busy: return {{fmt::format("{}", asked.open_transactions)}};
    case close:
      closed_ = asked.id;
      if (options_.mutant == Mutant::early_release) {
        tell_workers();
        after(kLateClose, [this, id = asked.id] { node(id).is_read_only = true; });
        return {{}, {}, {}, {to_text(asked.position())}};
      }
      asked.is_read_only = true;
      end_clients(asked, ServerEnd::terminated);
      return {{}, {}, {}, {to_text(asked.position())}};
    case fence: {
      checkers_.on_fence(asked, nodes_);
      if (options_.mutant == Mutant::no_fence) return {{"", "0"}};
      asked.is_read_only = asked.is_fenced = true;
      const int ended = asked.open_transactions;
      end_clients(asked, ServerEnd::terminated);
      return {{"", "0"}, {}, {}, {std::to_string(ended)}};
    }
    case set_synchronous:
      asked.synchronous_names = unquote_last_literal(step.statements[0]);
      return {};
    case look_up: {
      std::uint64_t xid = 0;
      const std::string& sql = step.statements[0];
      const bool is_there = sql.starts_with("SELECT concat_ws");  // on the primary whose transaction it was
      const std::string name = is_there ? asked.run_name() : to_text(asked.forked_at);
      const std::size_t at = sql.find("pg_xact_status('");
      if (at == std::string::npos) return {{name}};
      std::sscanf(sql.c_str() + at, "pg_xact_status('%lu'", &xid);
      if (is_there) return {{name, asked.status_of(xid)}};
      return {{name, asked.has_xid(xid) ? "committed" : "aborted"}};
    }
    case look_after_fence: return {{"on", "howdah_fenced"}};
    case reopen: asked.is_read_only = asked.is_fenced = false; return {};
  }
  return {};
}

std::set<int> World::answering() const {
  std::set<int> ids;
  for (const health::NodeFacts& facts : coordinator_->tracker().nodes())
    if (facts.answers && facts.condition != health::NodeCondition::detached &&
        facts.condition != health::NodeCondition::fenced && is_reachable(facts.options.id.value))
      ids.insert(facts.options.id.value);
  return ids;
}

std::vector<std::string> World::fork_of(const SimPostgres& asked) const {
  if (!asked.in_recovery || asked.replayed < asked.wal.size()) return {};
  const std::uint64_t bound = options_.mutant == Mutant::no_fork ? ~std::uint64_t{0} : asked.next_xid();
  return {std::to_string(bound), to_text(asked.replay_position())};
}

// One promotion signal in five is noticed only when it is repeated.
void World::promote_step(SimPostgres& asked) {
  SimPostgres* winner = &asked;
  if (options_.mutant == Mutant::lowest_id)
    for (SimPostgres& other : nodes_)
      if (other.answers() && other.in_recovery && is_reachable(other.id) && other.id < winner->id) winner = &other;
  if (!winner->in_recovery || winner->promoted_at) return;
  checkers_.on_promotion(*winner, nodes_, electorate_);
  if (options_.has_jitter && rng_.chance(0.2)) return;
  const Duration takes = options_.has_jitter ? 20ms + microseconds(rng_.below(80'000)) : Duration{40ms};
  winner->promoted_at = now_ + takes;
  after(takes, [this, id = winner->id, electorate = electorate_] {
    SimPostgres& promoted = node(id);
    promoted.promoted_at.reset();
    if (!promoted.answers() || !promoted.in_recovery) return;
    promoted.promote();
    checkers_.on_promoted(promoted, nodes_, electorate);
  });
}

// --- replication ---

void World::replicate() {
  for (SimPostgres& standby : nodes_)
    if (standby.in_recovery) receive(standby);
  for (SimPostgres& primary : nodes_)
    if (primary.is_primary()) primary.release_confirmed();
  after(kReplicationTick, [this] { replicate(); });
}

std::size_t World::records_at_once(const SimPostgres& standby) {
  if (!options_.has_jitter) return 100;
  return standby.pace < 1 && !rng_.chance(standby.pace) ? 0 : rng_.below(4);
}

void World::receive(SimPostgres& standby) {
  const int id = standby.source;
  if (standby.life == Life::frozen) return;
  if (!standby.answers() || id < 0 || id >= options_.nodes || id == standby.id) {
    standby.is_receiving = false;
  } else if (standby.is_receiving && now_ - standby.heard_at > standby.receiver_timeout) {
    standby.is_receiving = false;  // gives up without a ping when the timeout was shortened below the silence so far
    standby.reconnect_at = now_ + kReconnect;
  } else if (now_ < standby.reconnect_at) {
    standby.is_receiving = false;
  } else if (const SimPostgres& sender = node(id); sender.life == Life::frozen || !carries(id, standby.id)) {
    return;  // silence
  } else if (!carries(standby.id, id) && (!standby.is_receiving || ++standby.unacknowledged > kUnacknowledged)) {
    return;  // no connection can be made, or the sender's window is full
  } else if (!sender.answers() || !((standby.is_receiving && standby.sender == id) || standby.is_prefix_of(sender))) {
    standby.is_receiving = false;
  } else {
    if (carries(standby.id, id)) standby.unacknowledged = 0;
    if (!standby.is_receiving || standby.sender != id) standby.receiving_since = standby.heard_at = now_;
    standby.is_receiving = true;
    standby.sender = id;
    const std::size_t most = records_at_once(standby);
    for (std::size_t i = 0; i < most && standby.wal.size() < sender.wal.size(); ++i) {
      standby.wal.push_back(sender.wal[standby.wal.size()]);
      standby.heard_at = now_;
    }
    // A silent primary answers the receiver's pings, which come at half its timeout.
    if (now_ - standby.heard_at > standby.receiver_timeout / 2 && carries(standby.id, id)) standby.heard_at = now_;
    standby.timeline = std::max(standby.timeline, standby.wal.back().timeline);
    if (standby.wal.size() == sender.wal.size()) standby.timeline = std::max(standby.timeline, sender.timeline);
    if (carries(standby.id, id)) node(id).confirmed[standby.id] = standby.wal.size();
  }
  const std::size_t steps = records_at_once(standby);
  if (standby.answers() && (!standby.is_replay_paused || !standby.is_receiving)) standby.replayed = std::min(standby.wal.size(), standby.replayed + steps);
}

// --- what may happen ---

void World::kill(int id) {
  note(fmt::format("kill node={}", id));
  SimPostgres& killed = node(id);
  killed.life = Life::dead;
  killed.is_receiving = false;
  killed.given_xids = 0;
  if (options_.has_jitter && rng_.chance(0.3)) killed.gone_at = now_ + microseconds(rng_.below(kDying));
  end_clients(killed, ServerEnd::died);
  killed.promoted_at.reset();
  if (is_reachable(id))
    after(5ms, for_this_gateway([this, id] { post(health::ProbeFailed{NodeId{id}, FailureKind::lost, "", now_}); }));
}

void World::heal() {
  if (!cuts_.empty()) universe_->healed_at = now_;
  heal_gateway();
  cut_agents_.clear();
  cuts_.clear();
}

void World::heal_gateway() {
  ++cut_count_;
  unsendable_.clear();
  unheard_.clear();
}

void World::cut_gateway(int id, Way way) {
  ++cut_count_;
  if (way != Way::in) unsendable_.insert(id);
  if (way != Way::out) unheard_.insert(id);
  universe_->tell_clients(id, ServerEnd::cut);
}

void World::reset_connections(int id) {
  note(fmt::format("connections reset node={}", id));
  end_clients(node(id), ServerEnd::reset);
}

void World::end_clients(SimPostgres& server, ServerEnd how) {
  server.forget_clients();
  universe_->tell_clients(server.id, how);
}

void World::freeze(int id) {
  if (!node(id).answers()) return;
  note(fmt::format("freeze node={}", id));
  node(id).life = Life::frozen;
}

void World::thaw(int id) {
  if (node(id).life != Life::frozen) return;
  note(fmt::format("thaw node={}", id));
  node(id).life = Life::running;
  node(id).running_since = now_;
}

void World::start(int id, Duration takes) {
  if (node(id).life != Life::dead) return;
  note(fmt::format("start node={}", id));
  node(id).life = Life::starting;
  after(takes, [this, id, began = now_] {
    if (node(id).life != Life::starting) return;
    node(id).life = Life::running;
    ++node(id).starts;
    node(id).begin_run(began, now_);
    node(id).shut_down_at.reset();
  });
}

void World::crash_backend(int id, Duration takes) {
  if (!node(id).answers()) return;
  note(fmt::format("crash_backend node={}", id));
  node(id).life = Life::recovering;
  node(id).is_receiving = false;
  end_clients(node(id), ServerEnd::crashed);
  after(takes, [this, id, began = now_] {
    if (node(id).life != Life::recovering) return;
    node(id).life = Life::running;
    node(id).begin_run(began, now_);
  });
  if (is_reachable(id)) report_failure(id, FailureKind::crash_restart);
}

void World::promote_by_hand(int id) {
  if (!node(id).answers() || !node(id).in_recovery) return;
  note(fmt::format("promoted by hand node={}", id));
  node(id).promote();
}

void World::rebuild(int id) {
  const SimPostgres* source = nullptr;
  for (const SimPostgres& other : nodes_)
    if (other.id != id && other.answers() && other.is_primary() && (source == nullptr || other.timeline > source->timeline))
      source = &other;
  if (source != nullptr) rebuild_from(id, *source);
}

void World::rebuild_from(int id, const SimPostgres& source) {
  note(fmt::format("rebuild node={} from={}", id, source.id));
  SimPostgres& rebuilt = node(id);
  end_clients(rebuilt, ServerEnd::died);
  const std::uint64_t generation = rebuilt.generation;  // nobody's connection outlives this
  rebuilt = SimPostgres{.id = id, .life = Life::dead, .timeline = source.timeline, .control_timeline = source.timeline, .wal = source.wal};
  rebuilt.generation = generation;
  rebuilt.synchronous_names = source.synchronous_names;
  rebuilt.replayed = rebuilt.wal.size();
  point(rebuilt, conninfo_to(source.id));
  start(id, 300ms);
}

void World::clone_by_hand(int id, int of) {
  note(fmt::format("cloned by hand node={} of={}", id, of));
  SimPostgres& clone = node(id);
  end_clients(clone, ServerEnd::died);
  const std::uint64_t generation = clone.generation;
  clone = SimPostgres{.id = id, .in_recovery = false, .timeline = node(of).timeline, .wal = node(of).wal, .generation = generation};
}

// standby.signal and a restart, without pg_rewind: for one that has nothing its new primary lacks.
void World::demote(int id, int primary) {
  note(fmt::format("demote node={} primary={}", id, primary));
  SimPostgres& demoted = node(id);
  demoted.in_recovery = true;
  demoted.replayed = demoted.wal.size();
  end_clients(demoted, ServerEnd::died);
  point(demoted, conninfo_to(primary));
}

}  // namespace howdah::sim
