#include "health/health_options.hpp"

#include <algorithm>

namespace howdah::health {

namespace {

// Positions are looked at at least this often, whatever the periods say: a client's reads stay on the primary until a
// standby is seen to have its writes. A question costs the server about 0.3 ms.
constexpr Duration kSlowestProbe = 500ms;
// Answers over kept connections were seen to take 11 ms at most on a loaded host, 490 ms where the prober itself was starved.
// A pause of a second (of the server, or of the whole machine) must pass without consequences.
struct Deadlines {
  Duration answer;   // suspect
  Duration silence;  // down
  Duration retry;    // of what fails otherwise
};
constexpr Duration kFastProbe = 100ms;
constexpr Duration kFastTimeout = 500ms;  // where the file sets retries
constexpr Deadlines kFast{.answer = 400ms, .silence = 1100ms, .retry = 100ms};
constexpr Deadlines kCalm{.answer = 1s, .silence = 3s, .retry = 500ms};

// What the file says of timeouts and retries is kept to the letter; the profile's deadlines are for where it says nothing.
void set_deadlines(const Settings& settings, const NodeSettings& node, NodeOptions& options) {
  const HealthSettings& plain = settings.health;
  const Deadlines& profile = settings.howdah.detection_profile() == DetectionProfile::fast ? kFast : kCalm;
  const bool has_timeout = plain.health_check_timeout.is_set() || node.health_check_timeout.is_set();
  const bool has_delay = plain.health_check_retry_delay.is_set() || node.health_check_retry_delay.is_set();
  const bool has_retries = plain.health_check_max_retries.is_set() || node.health_check_max_retries.is_set();
  options.is_silence_final = !has_timeout && !has_delay && !has_retries;
  if (options.is_silence_final) {
    options.check_timeout = profile.silence;
    options.retry_delay = profile.retry;
  } else if (settings.howdah.detection_profile() == DetectionProfile::fast) {
    if (!has_timeout) options.check_timeout = kFastTimeout;
    if (!has_delay) options.retry_delay = kFastProbe;
  }
  options.answer_deadline = profile.answer;
  if (options.check_timeout > Duration{}) options.answer_deadline = std::min(profile.answer, options.check_timeout);
}

NodeOptions node_options(const Settings& settings, const NodeSettings& node) {
  const NodeHealth check = settings.health_of(node);
  NodeOptions options{.id = node.id, .host = node.backend_hostname(), .port = static_cast<std::uint16_t>(node.backend_port())};
  options.weight = node.backend_weight();
  options.data_directory = node.backend_data_directory();
  options.application_name = node.backend_application_name();
  const std::string& agent_host = node.backend_agent_hostname();
  options.agent_host = agent_host.empty() ? node.backend_hostname() : agent_host;
  options.agent_port = static_cast<std::uint16_t>(node.backend_agent_port());
  options.may_fail_over = !node.backend_flag().disallow_to_failover;
  options.is_always_primary = node.backend_flag().always_primary;
  options.check_period = check.period;
  options.check_timeout = check.timeout;
  options.max_retries = check.max_retries;
  options.retry_delay = check.retry_delay;
  set_deadlines(settings, node, options);
  return options;
}

}  // namespace

HealthOptions options_from_settings(const Settings& settings) {
  HealthOptions options;
  for (const NodeSettings& node : settings.nodes) options.nodes.push_back(node_options(settings, node));
  const Duration replication_check = settings.replication.sr_check_period();
  options.probe_period = replication_check > Duration{} ? std::min(kSlowestProbe, replication_check) : kSlowestProbe;
  if (settings.howdah.detection_profile() == DetectionProfile::fast) options.probe_period = kFastProbe;
  options.auto_failback = settings.failover.auto_failback();
  options.auto_failback_interval = settings.failover.auto_failback_interval();
  options.failover_on_backend_error = settings.failover.failover_on_backend_error();
  options.failover_on_backend_shutdown = settings.failover.failover_on_backend_shutdown();
  options.crash_restart_grace = settings.howdah.crash_restart_grace();
  return options;
}

}  // namespace howdah::health
