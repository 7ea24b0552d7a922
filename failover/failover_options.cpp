#include "failover/failover_options.hpp"

namespace howdah::failover {

namespace {

// detection_profile = fast: the standbys are to know before the primary is given up (health/health_options.cpp).
constexpr Duration kFastPing = 600ms;
constexpr Duration kFastPatience = 400ms;

}  // namespace

FailoverOptions options_from_settings(const Settings& settings) {
  FailoverOptions options;
  options.mode = settings.howdah.failover_mode();
  options.asks_patroni = options.mode == FailoverMode::patroni && !settings.peers.patroni_urls().empty();
  const bool is_promoter = options.mode == FailoverMode::native || options.mode == FailoverMode::command;
  options.council.is_enabled = is_promoter && !settings.peers.etcd_endpoints().empty();
  options.council.self.name = settings.peers.gateway_name();
  options.failover_command = settings.failover.failover_command();
  options.failback_command = settings.failover.failback_command();
  options.follow_primary_command = settings.failover.follow_primary_command();
  options.synchronous = settings.howdah.synchronous_standbys();
  options.may_standbys_decide = settings.failover.detach_false_primary();
  options.search_primary_timeout = settings.failover.search_primary_node_timeout();
  if (settings.howdah.detection_profile() == DetectionProfile::fast) {
    options.ping_after = kFastPing;
    options.ping_patience = kFastPatience;
  }
  options.hung_disk_timeout = settings.howdah.hung_disk_timeout();
  options.failover_on_hung_disk = settings.howdah.failover_on_hung_disk();
  options.auto_failback = settings.failover.auto_failback();
  options.agent_rejoin = settings.agent.agent_rejoin();
  options.agent_clone = settings.agent.agent_clone();
  options.agent_rejoin_timeout = settings.agent.agent_rejoin_timeout();
  return options;
}

}  // namespace howdah::failover
