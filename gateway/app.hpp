// The composition root: every part of the running gateway, made and joined in dependency order, and ended in reverse.
// The control thread (the one that calls run()) takes signals, PCP and SHOW; it is the only one that changes anything
// here. Implements what operators may ask for (pcp/control_surface.hpp) by handing it to the part concerned.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "conf/reload.hpp"
#include "failover/io/control.hpp"
#include "failover/io/recovery_runner.hpp"
#include "gateway/cli.hpp"
#include "gateway/configuration.hpp"
#include "gateway/io/catalog_reader.hpp"
#include "gateway/io/listener.hpp"
#include "gateway/io/log_sink.hpp"
#include "gateway/io/pid_file.hpp"
#include "gateway/io/worker.hpp"
#include "gateway/login_policy.hpp"
#include "pcp/console/console.hpp"
#include "pcp/control_surface.hpp"
#include "pcp/io/http_listener.hpp"
#include "pcp/io/pcp_listener.hpp"

namespace howdah {

class App final : public pcp::ControlSurface, private pcp::ConsoleSurface {
 public:
  App(const CommandLine& line, Configuration configuration, LogSink& log);
  ~App() override;

  // Opens the sockets and starts the threads. After an error nothing is left running.
  Result<void> start();
  // Serves until told to stop.
  void run();

  // ---- pcp::ControlSurface, on the control thread
  ClusterViewPtr view() const override { return view_.load(); }
  SettingsPtr settings() const override { return settings_; }
  std::optional<health::HealthCheckStats> health_check_stats(NodeId node) const override;
  std::vector<failover::FailoverRecord> failovers() const override;
  std::string version() const override;
  void collect_stats(StatsWanted wanted, StatsDone then) override;
  void attach(NodeId node, Done then) override;
  void detach(NodeId node, Done then) override;
  void detach_gracefully(NodeId node, Duration limit, Done then) override;
  void promote(NodeId node, Done then) override;
  void recover(NodeId node, Done then) override;
  bool is_recovering() const override { return recovery_->is_busy(); }
  void reload(Done then) override;
  void stop(pcp::StopMode mode, Done then) override;
  void rotate_log(Done then) override;

 private:
  struct Draining;

  // ---- making the parts (app.cpp)
  Result<void> write_pid_file();
  Result<void> make_workers();
  Result<void> open_listener();
  Result<void> open_pcp();
  Result<void> open_http();
  void start_control();
  WorkerHooks make_hooks();
  Result<WorkerConfigPtr> make_worker_config(const Settings& settings);
  void watch_signals();

  // ---- while running (app.cpp)
  void post(std::function<void()> call);  // onto the control thread
  void publish(ClusterViewPtr view);
  void give_to_least_busy(Accepted accepted);
  void answer_local(const LocalQuestion& question, std::function<void(Result<TextTable>)> then);
  void wait_until_empty();

  // ---- the console (app_console.cpp)
  void answer_console(const LocalQuestion& question, std::function<void(Result<TextTable>)> then);
  void free_database(LocalQuestion order, std::function<void(Result<TextTable>)> then);
  void watch_traffic();
  Instant now() const override;
  WallTime wall_clock() const override;
  void call_later(Duration delay, std::function<void()> call) override;
  void give_orders(StandingOrdersPtr orders, std::function<void()> then) override;
  std::size_t server_connections(const std::optional<std::string>& database) override;
  void evict(Eviction eviction, std::function<void(std::size_t)> then) override;
  Result<void> set_parameter(std::string_view name, std::string_view value) override;

  // ---- orders (app_orders.cpp)
  void run_order(std::function<Result<void>()> order, Done then);
  void watch_draining(std::shared_ptr<Draining> draining);
  Result<void> reload_now();
  Result<void> adopt(Reloaded changed);

  CommandLine line_;
  FilePaths paths_;
  Configuration configuration_;
  LogSink& log_;
  SettingsPtr settings_;
  std::string mock_secret_;

  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer stop_timer_;
  boost::asio::steady_timer stats_timer_;
  pcp::Console console_;
  boost::asio::thread_pool orders_{2};  // failover orders wait for their outcome

  std::atomic<ClusterViewPtr> view_{std::make_shared<const ClusterView>()};
  std::set<NodeId> draining_;                  // get no new work, on the control thread
  ClusterViewPtr published_;                   // as the control side gave it

  std::optional<PidFile> pid_file_;
  std::unique_ptr<failover::Control> control_;
  std::unique_ptr<failover::RecoveryRunner> recovery_;
  std::unique_ptr<Resolver> resolver_;
  std::unique_ptr<Resolver> client_names_;
  std::unique_ptr<SharedBudget> budget_;
  std::unique_ptr<CatalogReader> catalogs_;
  std::unique_ptr<WorkersShared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Listener> listener_;         // lives on the first worker's loop
  std::unique_ptr<pcp::PcpListener> pcp_listener_;
  std::unique_ptr<pcp::HttpListener> http_listener_;
};

}  // namespace howdah
