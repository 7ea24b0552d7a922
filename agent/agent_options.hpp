// What an agent must know of its configuration, as plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/settings.hpp"

namespace howdah::agent {

// Files of one side's certificates; all three are needed.
struct TlsFiles {
  std::string cert;
  std::string key;
  std::string ca;
};
TlsFiles tls_files(const Settings& settings);

struct AgentOptions {
  std::vector<std::string> listen_addresses = {"localhost"};
  std::uint16_t port = 0;
  TlsFiles tls = {};
  std::vector<std::string> gateway_names = {};

  std::string data_directory = {};
  std::string config_file = {};     // empty: in the data directory
  std::string bin_directory = {};   // empty: PATH
  std::string server_log = {};      // empty: nowhere
  std::string start_command = {};   // empty: pg_ctl
  std::string stop_command = {};
  std::string replication_conninfo = {};  // may hold a password, as may the next
  std::string rewind_conninfo = {};
  Duration server_timeout = 60s;
  Duration isolation_timeout = {};  // 0: a primary is never stopped for being isolated
};

// An error names what is missing.
Result<AgentOptions> options_from_settings(const Settings& settings);

}  // namespace howdah::agent
