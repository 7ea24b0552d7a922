// All configuration files as one value: pgpool.conf, pool_hba.conf, pool_passwd, pcp.conf, the key file. Read at start
// and at reload on the control thread; every mistake in any of them is found at once.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "conf/hba.hpp"
#include "conf/load.hpp"
#include "conf/users.hpp"
#include "health/io/credentials.hpp"

namespace howdah {

// Empty: beside pgpool.conf, or the usual place.
struct FilePaths {
  std::string config;
  std::string hba;
  std::string pcp;
  std::string key;
};

struct Configuration {
  Loaded loaded;
  HbaRules hba;
  PoolPasswd passwords;
  PcpUsers pcp_users;
  std::optional<std::string> aes_key;
  Findings findings;  // of all files

  const Settings& settings() const { return loaded.settings; }
};

// `is_check`: a pool_hba.conf that does not exist and was not named is only warned of. A check may run where nothing but
// pgpool.conf is at hand; a gateway that starts without the rules it is told to apply would let in whom it must not.
Configuration read_configuration(const FilePaths& paths, bool is_check = false);
// What hangs on `settings` (the ones in force after a reload) is read into `configuration` again.
void read_companions(const FilePaths& paths, const Settings& settings, Configuration& configuration,
                     bool is_check = false);

// Whom probes, failover steps and online recoveries log in as.
struct ProbeLogin {
  health::Credentials credentials;
  std::string trouble = {};  // why there is no password; empty: there is one
};
ProbeLogin probe_login(const Configuration& configuration, const Settings& settings);
ProbeLogin recovery_login(const Configuration& configuration, const Settings& settings);  // of pcp_recovery_node

// The first of the usual places where a pgpool.conf lies.
std::string default_config_file();

}  // namespace howdah
