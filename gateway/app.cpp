#include "gateway/app.hpp"

#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <atomic>

#include "base/io/clock.hpp"
#include "conf/io/host_facts.hpp"
#include "gateway/io/random.hpp"
#include "gateway/login/cancel.hpp"
#include "gateway/options.hpp"
#include "gateway/session/reconnect_order.hpp"
#include "gateway/version.hpp"
#include "pcp/reports.hpp"
#include "sql_router/gateway_commands.hpp"

namespace howdah {

namespace {

// How long clients wait in the accept queue for the first view of the cluster. After it they are let in and their
// statements wait instead.
constexpr auto kFirstViewWait = 5s;
constexpr auto kEmptyCheck = 50ms;
constexpr std::size_t kMockSecretSize = 32;

health::FailureKind to_health(NodeFailure failure) {
  switch (failure) {
    case NodeFailure::closed:
    case NodeFailure::reset: return health::FailureKind::lost;
    case NodeFailure::timed_out: return health::FailureKind::timeout;
    case NodeFailure::shut_down: return health::FailureKind::shutting_down;
    case NodeFailure::misbehaved: return health::FailureKind::other;
  }
  return health::FailureKind::other;
}

std::uint64_t random_seed() {
  std::array<char, sizeof(std::uint64_t)> bytes{};
  fill_random(bytes);
  return std::uint64_t{load_u32(bytes.data())} << 32 | load_u32(bytes.data() + 4);
}

TextTable to_table(pcp::Report report) {
  TextTable table;
  table.columns = std::move(report.columns);
  for (auto& row : report.rows) table.rows.emplace_back(row.begin(), row.end());
  return table;
}

}  // namespace

App::App(const CommandLine& line, Configuration configuration, LogSink& log)
    : line_(line),
      paths_{configuration.settings().path, line.hba_file, line.pcp_file, line.key_file},
      configuration_(std::move(configuration)),
      log_(log),
      settings_(std::make_shared<const Settings>(configuration_.loaded.settings)),
      mock_secret_(kMockSecretSize, '\0'),
      signals_(io_),
      stop_timer_(io_),
      stats_timer_(io_),
      console_(*this, *this, log) {
  fill_random(mock_secret_);
}

App::~App() {
  // Whoever calls into others ends first.
  http_listener_.reset();
  pcp_listener_.reset();
  orders_.join();
  recovery_.reset();
  if (control_) control_->stop();
  if (catalogs_) catalogs_->stop();
  for (auto& worker : workers_) worker->stop();
  listener_.reset();
  resolver_.reset();
  client_names_.reset();
  workers_.clear();
}

Result<void> App::start() {
  if (auto written = write_pid_file(); !written) return written;
  if (auto made = make_workers(); !made) return made;
  if (auto opened = open_listener(); !opened) return opened;
  if (auto opened = open_pcp(); !opened) return opened;
  if (auto opened = open_http(); !opened) return opened;
  watch_signals();
  start_control();
  for (auto& worker : workers_) worker->start();
  watch_traffic();
  catalogs_->start();
  log_.info("howdah started version=\"{}\" port={} workers={} nodes={}", kVersionText, settings_->listen.port(),
            workers_.size(), settings_->nodes.size());
  return {};
}

// The usual place may not exist for who just tries it out; a place that was asked for must.
Result<void> App::write_pid_file() {
  const auto& name = settings_->files.pid_file_name;
  auto file = PidFile::create(name());
  if (file) {
    pid_file_.emplace(std::move(*file));
    return {};
  }
  if (name.is_set() || read_pid_file(name())) return file.error();
  log_.warn("no pid file why=\"{}\" hint=\"set pid_file_name, or stop and reload by command line find nothing\"",
            to_text(file.error()));
  return {};
}

Result<void> App::make_workers() {
  auto config = make_worker_config(*settings_);
  if (!config) return config.error();
  resolver_ = std::make_unique<Resolver>();
  client_names_ = std::make_unique<Resolver>();
  budget_ = std::make_unique<SharedBudget>(pool_limits(settings_));
  catalogs_ = std::make_unique<CatalogReader>(
      probe_login(configuration_, *settings_).credentials, catalog_options(*settings_), log_,
      [this](const std::string& database, const CatalogFactsPtr& facts) {
        for (auto& worker : workers_) worker->set_catalog(database, facts);
      });
  const std::uint32_t count = worker_count(*settings_);
  shared_ = std::make_unique<WorkersShared>(log_, *resolver_, *client_names_, *budget_, make_hooks(),
                                            WriteBoard(count, monotonic_now()),
                                            HeardBoard(count, settings_->nodes.empty() ? NodeId{} : settings_->nodes.back().id));
  for (std::uint32_t i = 0; i < count; ++i)
    workers_.push_back(
        std::make_unique<Worker>(WorkerId{static_cast<std::uint16_t>(i)}, *shared_, *config, random_seed()));
  return {};
}

Result<WorkerConfigPtr> App::make_worker_config(const Settings& settings) {
  auto config = worker_config(settings, log_);
  if (!config) return config.error();
  // Shared: every worker's config names it, and a reload leaves the old one to those who still use it.
  const auto policy = std::make_shared<const LoginPolicy>(config->settings, configuration_.hba, configuration_.passwords.users,
                                                          own_networks(), mock_secret_);
  config->auth_sources = auth_sources_of(settings, configuration_.passwords.users);
  config->forced_credentials = forced_credentials_of(settings, configuration_.passwords.users);
  config->needs_client_names = policy->needs_client_names();
  config->judge_login = [policy](const LoginQuestion& question) { return policy->judge(question); };
  return std::make_shared<const WorkerConfig>(std::move(*config));
}

WorkerHooks App::make_hooks() {
  WorkerHooks hooks;
  hooks.report = [this](NodeId node, NodeFailure failure, const std::string& why) {
    log_.debug("traffic failure node={} why=\"{}\"", node.value, why);
    if (control_) control_->report_traffic_failure(node, to_health(failure));
  };
  hooks.seen = [this](NodeId node) {
    if (control_) control_->report_traffic(node);
  };
  hooks.ask_local = [this](LocalQuestion question, std::function<void(Result<TextTable>)> then) {
    post([this, question = std::move(question), then = std::move(then)] { answer_local(question, then); });
  };
  hooks.withdraw_local = [this](SessionId asker) {
    post([this, asker] { console_.withdraw(asker); });
  };
  hooks.enter_catalog = [this](const std::string& database) {
    auto entrance = catalogs_->enter(database);
    return DatabaseCatalog{std::move(entrance.facts), std::move(entrance.changes)};
  };
  hooks.look_up = [this](CommitDoubt doubt, Duration limit, std::function<void(CommitOutcome)> then) {
    control_ ? control_->look_up(doubt, limit, std::move(then)) : then(CommitOutcome::unknown);
  };
  hooks.hand_over = [this](WorkerId to, MovedServer moved) { workers_[to.value]->give_server(std::move(moved)); };
  hooks.route_cancel = [this](wire::CancelKey key, std::function<void()> then) {
    const std::uint32_t worker = login::worker_of(key.pid);
    if (worker >= workers_.size()) return then();
    workers_[worker]->cancel(std::move(key), std::move(then));
  };
  hooks.login_changed = [this](const LoginChange& change) {
    for (auto& worker : workers_) worker->take_login_change(change);
    if (control_) control_->want_position();
  };
  hooks.want_position = [this] {
    if (control_) control_->want_position();
  };
  return hooks;
}

Result<void> App::open_listener() {
  auto sockets = open_listening_sockets(listen_options(*settings_));
  if (!sockets) return sockets.error();
  listener_ = std::make_unique<Listener>(workers_.front()->reactor(), log_, std::move(*sockets),
                                         [this](Accepted accepted) { give_to_least_busy(std::move(accepted)); });
  return {};
}

Result<void> App::open_pcp() {
  pcp::PcpListenerOptions options;
  options.addresses = settings_->listen.pcp_listen_addresses();
  options.port = static_cast<std::uint16_t>(settings_->listen.pcp_port());
  options.socket_directories = settings_->listen.pcp_socket_dir();
  auto find_user = [this](std::string_view name) -> Result<std::vector<std::string>> {
    const auto found = configuration_.pcp_users.md5_of.find(name);
    if (found == configuration_.pcp_users.md5_of.end()) return std::vector<std::string>{};
    return std::vector<std::string>{found->second};
  };
  pcp_listener_ = std::make_unique<pcp::PcpListener>(io_, std::move(options), *this, std::move(find_user), log_);
  return pcp_listener_->open();
}

Result<void> App::open_http() {
  if (settings_->howdah.metrics_port() == 0) return {};
  pcp::HttpListenerOptions options;
  options.addresses = settings_->howdah.metrics_listen_addresses();
  options.port = static_cast<std::uint16_t>(settings_->howdah.metrics_port());
  http_listener_ = std::make_unique<pcp::HttpListener>(
      io_, std::move(options), [this](const std::string& path, auto then) { pcp::answer_http(*this, path, std::move(then)); }, log_);
  return http_listener_->open();
}

void App::start_control() {
  failover::ControlOptions options;
  options.health = health_options(*settings_);
  options.failover = failover_options(*settings_);
  options.failover.are_views_told = true;
  ProbeLogin login = probe_login(configuration_, *settings_);
  if (!login.trouble.empty()) log_.warn("no login for the checks why=\"{}\"", login.trouble);
  options.probe_login = std::move(login.credentials);
  options.step_login = options.probe_login;
  options.patroni = patroni_options(*settings_);
  options.etcd = etcd_options(*settings_);
  failover::GatewayId& self = options.failover.council.self;
  boost::system::error_code nameless;
  if (self.name.empty()) self.name = fmt::format("{}:{}", boost::asio::ip::host_name(nameless), settings_->listen.port());
  self.instance = random_seed();
  options.agent_tls = agent::tls_files(*settings_);
  options.status_directory = settings_->files.work_dir();
  options.is_status_discarded = line_.discards_status;
  options.heard_at = [this](NodeId node) { return shared_->heard.newest(node); };
  control_ = std::make_unique<failover::Control>(
      std::move(options), log_, [this](ClusterViewPtr view) { post([this, view] { publish(view); }); });
  control_->start();
  recovery_ = std::make_unique<failover::RecoveryRunner>(
      log_, failover::RecoveryRunner::Surroundings{[this](NodeId node) { return control_->attach(node); },
                                                   [this] { return control_->view(); }});
  if (!settings_->howdah.wait_for_primary_at_start()) return;
  if (!control_->wait_for_primary(kFirstViewWait)) log_.warn("no primary yet, statements that need one will wait");
}

void App::watch_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) signals_.add(number);
  signals_.async_wait([this](const boost::system::error_code& failed, int number) {
    if (failed) return;
    const auto ignore = [](Result<void>) {};
    if (number == SIGHUP) reload(ignore);
    if (number == SIGTERM) stop(pcp::StopMode::smart, ignore);
    if (number == SIGINT) stop(pcp::StopMode::fast, ignore);
    if (number == SIGQUIT) stop(pcp::StopMode::immediate, ignore);
    watch_signals();
  });
}

void App::run() {
  const auto keep_running = boost::asio::make_work_guard(io_);
  io_.run();
  log_.info("howdah stopped");
}

// ---- while running

void App::post(std::function<void()> call) { boost::asio::post(io_, std::move(call)); }

// A node that is being drained looks detached to the workers, whose sessions then go elsewhere.
void App::publish(ClusterViewPtr view) {
  published_ = view;
  if (!draining_.empty()) {
    auto changed = std::make_shared<ClusterView>(*view);
    for (NodeView& node : changed->nodes) {
      if (!draining_.contains(node.id)) continue;
      node.state = NodeState::down;
      node.is_detached = true;
      node.down_reason = "being detached";
      if (changed->primary == node.id) changed->primary.reset();
    }
    view = std::move(changed);
  }
  catalogs_->set_view(view);
  view_.store(view);
  // Shared by the workers: the last one tells.
  const auto last_tells = [this, version = view->version](bool is_quiet) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(workers_.size());
    return [this, left, version, is_quiet] {
      if (left->fetch_sub(1) == 1) control_->note_view_taken({version, is_quiet});
    };
  };
  const auto taken = last_tells(false), quiet = last_tells(true);
  for (auto& worker : workers_) worker->set_view(view, taken, quiet);
}

void App::give_to_least_busy(Accepted accepted) {
  const auto least = std::min_element(workers_.begin(), workers_.end(), [](const auto& a, const auto& b) {
    return a->client_count() < b->client_count();
  });
  (*least)->give_client(std::move(accepted));
}

void App::answer_local(const LocalQuestion& question, std::function<void(Result<TextTable>)> then) {
  if (question.console != ConsoleRole::none) return answer_console(question, std::move(then));
  if (is_reconnect_order(question.command)) return free_database(question, std::move(then));
  const GatewayCommand command = recognise_gateway_command(question.command);
  const auto give = [then](Result<pcp::Report> report) {
    report ? then(to_table(std::move(*report))) : then(report.error());
  };
  const Settings& settings = question.settings ? *question.settings : *settings_;
  switch (command.kind) {
    case GatewayCommandKind::show_pool: return pcp::show_report(*this, command.name, {question.load_balance_node}, give);
    case GatewayCommandKind::pgpool_show: return give(pcp::pgpool_show(settings, command.name));
    case GatewayCommandKind::pgpool_reset:
      for (auto& worker : workers_) worker->forget_statements();
      return then(TextTable{.command_tag = "RESET"});
    case GatewayCommandKind::none:
    case GatewayCommandKind::pgpool_set:
    case GatewayCommandKind::explain_route:
    case GatewayCommandKind::own_show:
    case GatewayCommandKind::own_set:
    case GatewayCommandKind::own_reset: break;
  }
  then(Error{ErrorCode::internal, fmt::format("\"{}\" is not a command of the gateway", question.command)});
}

void App::wait_until_empty() {
  if (shared_->client_count.load() <= shared_->console_count.load()) return io_.stop();
  stop_timer_.expires_after(kEmptyCheck);
  stop_timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) wait_until_empty();
  });
}

}  // namespace howdah
