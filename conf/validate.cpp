#include "conf/validate.hpp"

#include "conf/redirect.hpp"
#include "conf/service_url.hpp"
#include "conf/walk.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <regex.h>
#include <set>
#include <tuple>
#include <utility>

namespace howdah {

using namespace conf;

namespace {

constexpr std::uint64_t kMostRepetitions = 10000;

// How often the bounded repetitions of a pattern, a{1,9}, multiply out. The C library writes them out when it compiles:
// ((a{255}){255}){255} would take all memory.
std::uint64_t repetitions(std::string_view pattern) {
  std::uint64_t product = 1;
  for (std::size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    std::uint64_t least = 1;
    std::uint64_t most = 1;
    const char* end = pattern.data() + pattern.size();
    const char* next = std::from_chars(pattern.data() + at + 1, end, least).ptr;
    if (next != end && *next == ',') std::from_chars(next + 1, end, most);
    product *= std::clamp<std::uint64_t>(std::max(least, most), 1, kMostRepetitions + 1);
    if (product > kMostRepetitions) return product;
  }
  return product;
}

class Checks {
 public:
  Checks(const Settings& settings, const Places& places, Findings& findings)
      : s_(settings), places_(places), findings_(findings) {}

  void run() {
    check_mode();
    check_nodes();
    check_weights();
    check_listening();
    check_tls();
    check_pool();
    check_own(s_.databases, &DatabaseSettings::database_name);
    check_own(s_.users, &UserSettings::user_name);
    check_watching();
    check_failover();
    check_peers();
    check_routing();
    check_log();
    check_patterns();
    check_redirects();
  }

 private:
  void error(const ParamBase& at, std::string message) { add(FindingLevel::error, at, std::move(message)); }
  void warning(const ParamBase& at, std::string message) { add(FindingLevel::warning, at, std::move(message)); }
  void add(FindingLevel level, const ParamBase& at, std::string message) {
    const auto place = places_.find(at.name());
    findings_.push_back(
        {FindingKind::conflict, level, place == places_.end() ? Place{s_.path, 0} : place->second, std::move(message)});
  }

  void check_mode() {
    const auto& mode = s_.clustering.backend_clustering_mode;
    if (mode() == ClusteringMode::streaming_replication) return;
    if (mode() == ClusteringMode::raw) {
      if (s_.nodes.size() > 1)
        warning(mode,
                "backend_clustering_mode raw with several servers: the one that is no standby is used, not the first");
      return;
    }
    const std::string name = mode.text(TextStyle::show);
    error(mode,
          mode() == ClusteringMode::logical_replication
              ? fmt::format("backend_clustering_mode \"{}\" is not supported; use raw with one server, or "
                            "streaming_replication with physical standbys",
                            name)
              : fmt::format("backend_clustering_mode \"{}\" is not supported; use streaming_replication, where the "
                            "servers replicate by themselves",
                            name));
  }

  void check_nodes() {
    if (s_.nodes.empty())
      findings_.push_back({FindingKind::conflict,
                           FindingLevel::error,
                           {s_.path, 0},
                           "there is no server: set backend_hostname0 and backend_port0"});
    const NodeSettings* always = nullptr;
    std::set<std::pair<std::string, int>> seen;
    for (const NodeSettings& node : s_.nodes) {
      if (!seen.insert({node.backend_hostname(), node.backend_port()}).second)
        warning(node.backend_hostname, fmt::format("node {} has the host and port of another node", node.id.value));
      if (!node.backend_flag().always_primary) continue;
      if (always)
        error(node.backend_flag, fmt::format("nodes {} and {} are both ALWAYS_PRIMARY; there is one primary",
                                             always->id.value, node.id.value));
      always = &node;
    }
  }

  void check_weights() {
    const bool has_weight = std::any_of(s_.nodes.begin(), s_.nodes.end(),
                                        [](const NodeSettings& node) { return node.backend_weight() > 0; });
    if (!has_weight && !s_.nodes.empty())
      warning(s_.nodes.front().backend_weight, "all backend_weightN are 0: reads go to the primary");
  }

  void check_listening() {
    const auto& listen = s_.listen;
    if (listen.listen_addresses().empty() && listen.unix_socket_directories().empty())
      error(listen.listen_addresses,
            "listen_addresses and unix_socket_directories are both empty: no client can come in");
    if (listen.port() == listen.pcp_port()) error(listen.pcp_port, "port and pcp_port are the same");
    for (const auto* other : {&listen.port, &listen.pcp_port})
      if (s_.howdah.metrics_port() == (*other)()) error(s_.howdah.metrics_port, fmt::format("{} and metrics_port are the same", other->name()));
  }

  void check_tls() {
    const auto& tls = s_.tls;
    const bool has_certificate = !tls.ssl_cert().empty() && !tls.ssl_key().empty();
    const TlsMode client = s_.client_tls_mode();
    if (!has_certificate && client >= TlsMode::require)
      error(tls.client_tls_sslmode, "client_tls_sslmode requires TLS, but ssl_cert and ssl_key are not both set");
    else if (!has_certificate && client != TlsMode::disable)
      warning(tls.client_tls_sslmode.is_set() ? static_cast<const ParamBase&>(tls.client_tls_sslmode) : tls.ssl,
              "clients are not offered TLS, because ssl_cert and ssl_key are not both set");
    if (client >= TlsMode::verify_ca && tls.ssl_ca_cert().empty() && tls.ssl_ca_cert_dir().empty())
      error(tls.client_tls_sslmode, "client_tls_sslmode verifies clients, but ssl_ca_cert is not set");
    if (s_.server_tls_mode() >= TlsMode::verify_ca && tls.server_tls_ca_file().empty() && tls.ssl_ca_cert().empty() &&
        tls.ssl_ca_cert_dir().empty())
      error(tls.server_tls_sslmode, "server_tls_sslmode verifies servers, but server_tls_ca_file is not set");
    if (tls.server_tls_cert_file().empty() != tls.server_tls_key_file().empty())
      error(tls.server_tls_cert_file, "server_tls_cert_file and server_tls_key_file need one another");
  }

  void check_pool() {
    const auto& pool = s_.pool;
    if (pool.default_pool_size() > 0 && pool.min_pool_size() > pool.default_pool_size())
      warning(pool.min_pool_size, "min_pool_size is above default_pool_size, which counts");
    if (pool.max_pool() == 0 && pool.max_pool.is_set())
      warning(pool.max_pool, "max_pool = 0 means no limit of connections to a server here");
  }

  // Blocks of databases or users: each has a name, and no other has the same.
  template <typename Row>
  void check_own(const std::vector<Row>& rows, Param<std::string> Row::*name) {
    std::set<std::string> seen;
    for (const Row& row : rows) {
      const Param<std::string>& param = row.*name;
      if (param().empty())
        warning(param, fmt::format("{0} is not set: what else number {1} says is not used", param.name(), row.number));
      else if (!seen.insert(param()).second)
        error(param, fmt::format("{} = {} stands in another block already", param.name(), quoted(param())));
    }
  }

  void check_watching() {
    const auto& sr = s_.replication;
    const bool streams = s_.clustering.backend_clustering_mode() == ClusteringMode::streaming_replication;
    if (!streams) return;
    const bool has_delay = sr.delay_threshold().bytes > 0 || sr.delay_threshold_by_time() > 0ms;
    if (sr.sr_check_period() == 0s) {
      if (has_delay) warning(sr.sr_check_period, "sr_check_period = 0: no delay is measured, so no threshold is kept");
      if (s_.failover.auto_failback())
        warning(sr.sr_check_period, "sr_check_period = 0: auto_failback cannot see standbys streaming");
    }
    if (sr.sr_check_user().empty())
      warning(sr.sr_check_user, has_declared_primary()
                                    ? "sr_check_user is not set: delays of the servers cannot be asked, so who has written reads "
                                      "from the primary"
                                    : "sr_check_user is not set: roles and delays of the servers cannot be asked, and no "
                                      "backend_flagN is ALWAYS_PRIMARY: nobody is known to be the primary");
    if (s_.health.health_check_period() == 0s)
      warning(s_.health.health_check_period,
              "health_check_period = 0: a dead server is noticed only when a statement meets it");
    if (sr.delay_threshold().bytes > 0 && sr.delay_threshold_by_time() > 0ms)
      warning(sr.delay_threshold, "delay_threshold is not used, because delay_threshold_by_time is set");
  }

  bool has_declared_primary() const {
    return s_.nodes.size() == 1 || std::any_of(s_.nodes.begin(), s_.nodes.end(), [](const NodeSettings& node) {
             return node.backend_flag().always_primary;
           });
  }

  void check_failover() {
    const auto& mode = s_.howdah.failover_mode;
    const auto& command = s_.failover.failover_command;
    if (mode() == FailoverMode::command && command().empty())
      error(mode, "failover_mode = command needs a failover_command");
    const bool is_replicated = s_.clustering.backend_clustering_mode() == ClusteringMode::streaming_replication;
    if (is_replicated && s_.nodes.size() > 1 && mode() == FailoverMode::none && !mode.is_set())
      warning(mode,
              "nobody is known to promote a standby when the primary fails: set failover_mode = native (Howdah does), "
              "failover_command, or failover_mode = none (something else does)");
    if (mode() != FailoverMode::command && !command().empty())
      warning(command,
              fmt::format("failover_command is not run, because failover_mode = {}", mode.text(TextStyle::show)));
  }

  void check_peers() {
    const auto& peers = s_.peers;
    const auto& mode = s_.howdah.failover_mode;
    check_urls(peers.patroni_urls, kPatroniPort);
    check_urls(peers.etcd_endpoints, kEtcdPort);
    const bool is_patroni = mode() == FailoverMode::patroni;
    if (is_patroni && peers.patroni_urls().empty())
      warning(mode, "failover_mode = patroni without patroni_urls: a leader that Patroni has given up is written to until its "
                    "server stops");
    if (!is_patroni && !peers.patroni_urls().empty())
      warning(peers.patroni_urls,
              fmt::format("patroni_urls are not asked, because failover_mode = {}", mode.text(TextStyle::show)));
    const bool is_promoter = mode() == FailoverMode::native || mode() == FailoverMode::command;
    if (!is_promoter && !peers.etcd_endpoints().empty())
      warning(peers.etcd_endpoints, fmt::format("etcd_endpoints are not used, because with failover_mode = {} somebody else "
                                                "promotes",
                                                mode.text(TextStyle::show)));
    if (peers.etcd_endpoints().empty() && peers.gateway_name.is_set())
      warning(peers.gateway_name, "gateway_name is not used, because etcd_endpoints is not set");
    if (peers.etcd_endpoints().empty() && peers.etcd_cluster_name.is_set())
      warning(peers.etcd_cluster_name, "etcd_cluster_name is not used, because etcd_endpoints is not set");
    for (const auto* name : {&peers.etcd_cluster_name, &peers.gateway_name})
      if ((*name)().find('/') != std::string::npos)
        error(*name, fmt::format("{} is part of a key of etcd and may not have a slash", name->name()));
    if (peers.etcd_cluster_name().empty()) error(peers.etcd_cluster_name, "etcd_cluster_name may not be empty");
    if (peers.etcd_user().empty() != peers.etcd_password().empty())
      error(peers.etcd_user, "etcd_user and etcd_password need one another");
    if (peers.patroni_user().empty() != peers.patroni_password().empty())
      error(peers.patroni_user, "patroni_user and patroni_password need one another");
  }

  void check_urls(const Param<StringList>& list, std::uint16_t default_port) {
    for (const std::string& text : list())
      if (const auto url = parse_service_url(text, default_port); !url)
        error(list, fmt::format("parameter \"{}\": {}", list.name(), url.error().message));
  }

  void check_routing() {
    const auto& routing = s_.routing;
    if (!routing.read_only_function_list().empty() && !routing.write_function_list().empty())
      warning(routing.write_function_list,
              "read_only_function_list and write_function_list are both set; what matches the second is a write");
    const bool is_adaptive = routing.disable_load_balance_on_write() == WriteEffect::dml_adaptive;
    if (!routing.dml_adaptive_object_relationship_list().empty() && !is_adaptive)
      warning(routing.dml_adaptive_object_relationship_list,
              "dml_adaptive_object_relationship_list is not used, because disable_load_balance_on_write is not "
              "dml_adaptive");
  }

  void check_log() {
    for (const std::string& word : s_.log.log_destination()) {
      const std::string destination = lower_case(word);
      if (destination != "stderr" && destination != "syslog")
        error(s_.log.log_destination, fmt::format("log_destination \"{}\": stderr and syslog are known", shown(word)));
    }
  }

  // Pgpool matches POSIX extended regular expressions, in any case, against the whole text.
  void check_patterns() {
    for_each_param(s_, [this](const ParamBase& param) {
      const auto* list = dynamic_cast<const Param<StringList>*>(&param);
      if (!list || !param.holds_patterns() || param.support() != Support::honoured) return;
      for (const std::string& pattern : (*list)()) check_pattern(param, pattern);
    });
  }

  void check_pattern(const ParamBase& param, const std::string& pattern) {
    if (repetitions(pattern) > kMostRepetitions)
      return error(param, fmt::format("the regular expression \"{}\" in parameter \"{}\" repeats too much",
                                      shown(pattern), param.name()));
    regex_t compiled;
    const int code = regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (code == 0) return regfree(&compiled);
    char reason[128];
    regerror(code, &compiled, reason, sizeof reason);
    error(param, fmt::format("invalid regular expression \"{}\" in parameter \"{}\": {}", shown(pattern), param.name(),
                             reason));
  }

  void check_redirects() {
    for (const Param<StringList>* list :
         {&s_.routing.user_redirect_preference_list, &s_.routing.database_redirect_preference_list,
          &s_.routing.app_name_redirect_preference_list}) {
      for (const std::string& item : (*list)()) {
        const auto preference = parse_redirect(item);
        if (!preference) {
          error(*list, fmt::format("parameter \"{}\": {}", list->name(), preference.error().message));
          continue;
        }
        check_pattern(*list, preference->pattern);
        if (preference->node && !s_.find_node(*preference->node))
          warning(*list, fmt::format("parameter \"{}\": \"{}\" prefers a node that is not configured", list->name(),
                                     shown(item)));
      }
    }
  }

  const Settings& s_;
  const Places& places_;
  Findings& findings_;
};

}  // namespace

void validate(const Settings& settings, const Places& places, Findings& findings) {
  Checks(settings, places, findings).run();
}

}  // namespace howdah
