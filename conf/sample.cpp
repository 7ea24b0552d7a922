#include "conf/sample.hpp"

#include "conf/walk.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace howdah {

namespace {

struct GroupTitle {
  std::string_view group;
  std::string_view title;
};

constexpr auto kTitles = std::to_array<GroupTitle>({
    {"clustering", "Clustering mode"},
    {"listen", "Where clients and PCP connect"},
    {"auth", "Authentication of clients"},
    {"tls", "TLS"},
    {"pool", "Server connections and limits"},
    {"log", "Log"},
    {"files", "Files"},
    {"routing", "Routing"},
    {"replication", "Streaming replication"},
    {"health", "Health check (each also with a node's number appended: health_check_period0)"},
    {"failover", "Failover"},
    {"recovery", "Online recovery"},
    {"watchdog", "Watchdog (not supported)"},
    {"cache", "Query cache (not supported)"},
    {"relcache", "Catalog lookups"},
    {"native", "Native replication (not supported)"},
    {"howdah", "Howdah's own"},
    {"peers", "Patroni, etcd, other gateways"},
    {"agent", "howdah agent, on both sides (agent/README.md)"},
    {"nodes", "Servers: one block for each, N = 0 .. 127"},
    {"databases", "Databases with settings of their own: one block for each, N = 0 .. 9999"},
    {"users", "Users with settings of their own: one block for each, N = 0 .. 9999"},
    {"members", "Watchdog members (not supported)"},
    {"heartbeats", "Watchdog heartbeats (not supported)"},
});

constexpr std::string_view kHeader =
    "# Configuration of Howdah: every parameter with its default.\n"
    "#\n"
    "# name = value, one a line; strings in single quotes ('' is one quote); # begins a comment; include 'file' reads\n"
    "# another file. Times take us, ms, s, min, h, d; sizes B, kB, MB, GB, TB. Each line may be overridden by an\n"
    "# environment variable PGPOOL_PARAMS_<NAME>.\n"
    "# Written by the program (a test compares): do not edit, copy the lines you need.\n";

std::string_view title_of(std::string_view group) {
  for (const GroupTitle& row : kTitles)
    if (row.group == group) return row.title;
  return group;
}

std::string_view change_text(Change change) {
  switch (change) {
    case Change::restart:
      return "needs a restart";
    case Change::reload:
      return "reload";
    case Change::session:
      return "reload, PGPOOL SET";
  }
  return "";
}

std::string support_text(const ParamBase& param) {
  if (param.support() == Support::honoured) return "";
  return fmt::format("#   {}: {}\n", param.support() == Support::harmless ? "No effect" : "Not supported",
                     param.note());
}

std::string row_text(const ParamBase& param) {
  const std::string values = param.values_text();
  return fmt::format("#{} = {}\n#   {}\n#   {}{}{}.\n{}", param.name(), param.default_text(TextStyle::file),
                     param.help(), values, values.empty() ? "" : "; ", change_text(param.change()),
                     support_text(param));
}

Settings one_of_each() {
  Settings settings;
  add_node(settings, NodeId{0});
  number_rows(settings.databases.emplace_back(), 0);
  number_rows(settings.users.emplace_back(), 0);
  number_rows(settings.members.emplace_back(), 0);
  number_rows(settings.heartbeats.emplace_back(), 0);
  return settings;
}

}  // namespace

std::string sample_file() {
  const Settings settings = one_of_each();
  std::string text(kHeader);
  std::string_view last_group;
  for_each_param_in_group(settings, [&](std::string_view group, const ParamBase& param) {
    if (group != last_group) text += fmt::format("\n\n# --- {} ---\n", title_of(group));
    last_group = group;
    text += "\n" + row_text(param);
  });
  return text;
}

}  // namespace howdah
