// What operators read: SHOW POOL_*, PGPOOL SHOW, and the records of PCP, made from the same column tables, so that both
// always agree. Pure; called on the control thread.
//
// A report is named as in SHOW without its prefix ("nodes" for SHOW POOL_NODES) in lower case.
#pragma once

#include "base/result.hpp"
#include "gateway/stats.hpp"
#include "pcp/control_surface.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

// Named columns and rows of text; a value is never null (unknown is an empty text).
struct Report {
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};
};

// Who asks through SHOW.
struct Asker {
  std::optional<NodeId> load_balance_node = {};  // drawn for the session
};

// Everything a report may be made of, taken at one moment.
struct Facts {
  ClusterViewPtr view;  // never null
  SettingsPtr settings;
  GatewayStats stats = {};
  std::map<NodeId, health::HealthCheckStats> health = {};
  std::vector<failover::FailoverRecord> failovers = {};
  std::string version = {};
  Asker asker = {};
};

// Everything but `stats` and `asker`.
Facts facts_now(ControlSurface& surface);

// Collects the facts (asking the workers where `name` needs them), makes the report and hands it over.
// `name` is known (is_report) or the answer is the error PostgreSQL gives for an unknown parameter.
void show_report(ControlSurface& surface, std::string_view name, const Asker& asker,
                 std::function<void(Result<Report>)> then);

bool is_report(std::string_view name);
Result<Report> make_report(std::string_view name, const Facts& facts);

// PGPOOL SHOW: one parameter (one column of its name), a group (backend, health_check, watchdog, heartbeat) or "all".
Result<Report> pgpool_show(const Settings& settings, std::string_view name);

// SHOW POOL_VERSION's value: "4.7.2 (howdah 0.1)".
std::string pool_version(std::string_view howdah_version);

}  // namespace howdah::pcp
