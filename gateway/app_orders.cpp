// What operators may ask the running gateway for: the second half of App.
#include "gateway/app.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "conf/reload.hpp"
#include "gateway/io/worker_stats.hpp"
#include "gateway/options.hpp"
#include "gateway/version.hpp"

namespace howdah {

namespace {

constexpr auto kFastStopLimit = 5s;
constexpr auto kDrainCheck = 100ms;

LogLevel to_log_level(FindingLevel level) {
  switch (level) {
    case FindingLevel::notice: return LogLevel::info;
    case FindingLevel::warning: return LogLevel::warn;
    case FindingLevel::error: return LogLevel::error;
  }
  return LogLevel::error;
}

}  // namespace

std::string App::version() const { return kOwnVersion; }

std::optional<health::HealthCheckStats> App::health_check_stats(NodeId node) const {
  for (const auto& entry : control_->health_stats())
    if (entry.node == node) return entry.stats;
  return std::nullopt;
}

std::vector<failover::FailoverRecord> App::failovers() const { return control_->failovers(); }

void App::collect_stats(StatsWanted wanted, StatsDone then) {
  struct Collection {
    GatewayStats stats;
    std::size_t missing;
    StatsDone then;
  };
  // Shared by the workers that still owe their part; each part comes back to the control thread.
  auto collection = std::make_shared<Collection>(Collection{{}, workers_.size(), std::move(then)});
  for (auto& worker : workers_)
    worker->inspect([this, wanted, collection](const Worker& inspected) {
      post([collection, part = stats_of(inspected, wanted)] {
        collection->stats.workers.push_back(part);
        if (--collection->missing > 0) return;
        std::sort(collection->stats.workers.begin(), collection->stats.workers.end(),
                  [](const WorkerStats& a, const WorkerStats& b) { return a.index < b.index; });
        collection->then(std::move(collection->stats));
      });
    });
}

void App::run_order(std::function<Result<void>()> order, Done then) {
  boost::asio::post(orders_, [this, order = std::move(order), then = std::move(then)] {
    Result<void> outcome = order();
    post([then, outcome = std::move(outcome)] { then(outcome); });
  });
}

void App::attach(NodeId node, Done then) {
  run_order([this, node] { return control_->attach(node); }, std::move(then));
}

void App::detach(NodeId node, Done then) {
  run_order([this, node] { return control_->detach(node); }, std::move(then));
}

void App::promote(NodeId node, Done then) {
  run_order([this, node] { return control_->promote(node, true); }, std::move(then));
}

void App::recover(NodeId id, Done then) {
  const auto options = health_options(*settings_);
  const auto find = [&](std::optional<NodeId> wanted) {
    return std::find_if(options.nodes.begin(), options.nodes.end(), [&](const auto& node) { return node.id == wanted; });
  };
  const auto node = find(id);
  const auto primary = find(control_->view()->primary);
  if (node == options.nodes.end() || primary == options.nodes.end())
    return then(Error{ErrorCode::command_failed, "node recovery failed, there is no primary to copy"});
  const RecoverySettings& recovery = settings_->recovery;
  ProbeLogin login = recovery_login(configuration_, *settings_);
  if (!login.trouble.empty())
    return then(Error{ErrorCode::command_failed, "node recovery failed, recovery_user cannot log in", login.trouble});
  failover::RecoveryTask task{.primary = *primary,
                              .node = *node,
                              .user = login.credentials.user,
                              .database = login.credentials.database,
                              .script = recovery.recovery_1st_stage_command(),
                              .start_limit = recovery.recovery_timeout()};
  recovery_->run({std::move(task), std::move(login.credentials), [this, then = std::move(then)](Result<void> result) {
                    post([then, result = std::move(result)] { then(result); });
                  }});
}

// ---- detaching without disturbing anybody

struct App::Draining {
  NodeId node;
  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point limit;
  Done then;
};

void App::detach_gracefully(NodeId node, Duration limit, Done then) {
  draining_.insert(node);
  publish(published_);
  // Shared by the steps of one wait.
  watch_draining(std::make_shared<Draining>(Draining{node, boost::asio::steady_timer(io_),
                                                     std::chrono::steady_clock::now() + limit, std::move(then)}));
}

void App::watch_draining(std::shared_ptr<Draining> draining) {
  collect_stats({}, [this, draining](const GatewayStats& stats) {
    const auto finish = [this, draining] {
      draining_.erase(draining->node);
      publish(published_);
    };
    bool is_used = false;
    for (const WorkerStats& worker : stats.workers)
      for (const ServerStats& server : worker.servers)
        is_used = is_used || (server.node == draining->node && server.held_by);
    if (!is_used)
      return detach(draining->node, [draining, finish](Result<void> outcome) {
        finish();
        draining->then(outcome);
      });
    if (std::chrono::steady_clock::now() >= draining->limit) {
      finish();
      return draining->then(Error{ErrorCode::command_failed,
                                  fmt::format("node {} was not detached: clients still use it", draining->node.value)});
    }
    draining->timer.expires_after(kDrainCheck);
    draining->timer.async_wait([this, draining](const boost::system::error_code& failed) {
      if (!failed) watch_draining(draining);
    });
  });
}

// ---- reload and stop

void App::reload(Done then) {
  const Result<void> outcome = reload_now();
  if (!outcome) log_.error("reload refused why=\"{}\"", to_text(outcome.error()));
  then(outcome);
}

Result<void> App::reload_now() {
  Configuration fresh = read_configuration(paths_);
  Reloaded reloaded = reload_settings(*settings_, fresh.loaded);
  for (const Finding& finding : reloaded.findings)
    log_.log(to_log_level(finding.level), "configuration finding=\"{}\"", to_text(finding));
  if (reloaded.is_refused) return Error{ErrorCode::configuration, "the configuration has mistakes, nothing was changed"};
  fresh.findings.clear();
  read_companions(paths_, reloaded.settings, fresh);
  for (const Finding& finding : fresh.findings)
    log_.log(to_log_level(finding.level), "configuration finding=\"{}\"", to_text(finding));
  if (has_errors(fresh.findings))
    return Error{ErrorCode::configuration, "pool_hba.conf or a password file has mistakes, nothing was changed"};
  std::swap(configuration_, fresh);
  auto adopted = adopt(std::move(reloaded));
  if (!adopted) std::swap(configuration_, fresh);
  return adopted;
}

Result<void> App::adopt(Reloaded reloaded) {
  auto config = make_worker_config(reloaded.settings);
  if (!config) return config.error();
  for (const AppliedChange& change : reloaded.applied)
    log_.info("setting changed name={} before=\"{}\" after=\"{}\"", change.name, change.before, change.after);
  settings_ = std::make_shared<const Settings>(std::move(reloaded.settings));
  log_.configure(log_options(*settings_, line_.has_debug));
  for (auto& worker : workers_) worker->set_config(*config);
  budget_->set_limits(pool_limits(settings_));
  catalogs_->set_options(catalog_options(*settings_));
  control_->reconfigure(health_options(*settings_), failover_options(*settings_));
  log_.info("configuration reloaded");
  return {};
}

void App::stop(pcp::StopMode mode, Done then) {
  log_.info("stopping mode={}", mode == pcp::StopMode::smart ? "smart" : mode == pcp::StopMode::fast ? "fast" : "immediate");
  shared_->is_shutting_down = true;
  workers_.front()->inspect([this](const Worker&) { listener_.reset(); });
  // Posted, so that the answer to whoever asked leaves first.
  if (mode == pcp::StopMode::immediate) {
    post([this] { io_.stop(); });
    return then({});
  }
  if (mode == pcp::StopMode::fast) {
    for (auto& worker : workers_) worker->end_sessions();
    auto limit = std::make_shared<boost::asio::steady_timer>(io_, kFastStopLimit);
    limit->async_wait([this, limit](const boost::system::error_code& failed) {
      if (!failed) io_.stop();
    });
  }
  post([this] { wait_until_empty(); });
  then({});
}

void App::rotate_log(Done then) {
  log_.configure(log_options(*settings_, line_.has_debug));
  then({});
}

}  // namespace howdah
