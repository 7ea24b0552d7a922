// Which method and which secret a client's login is checked with: pool_hba.conf and pool_passwd, as one immutable value
// made at start and reload. Asked on every worker's thread; all it changes is its memory of computed verifiers.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "conf/hba.hpp"
#include "conf/settings.hpp"
#include "conf/users.hpp"
#include "gateway/io/worker_config.hpp"

namespace howdah {

class LoginPolicy {
 public:
  // `mock_secret` is random, once per process.
  LoginPolicy(SettingsPtr settings, HbaRules hba, PoolUsers users, std::vector<IpRange> own_networks,
              std::string mock_secret);

  // A rule names a host, so that LoginQuestion::client_name must be filled in.
  bool needs_client_names() const;
  login::ClientLoginFacts judge(const LoginQuestion& question) const;

 private:
  login::AuthMethod method_for(const LoginQuestion& question) const;
  login::ScramVerifier verifier_for(const std::string& user, const std::string& password) const;

  SettingsPtr settings_;
  ConsoleAccess console_;
  std::vector<HbaRule> rules_;
  PoolUsers users_;
  std::vector<IpRange> own_networks_;
  std::string mock_secret_;
  mutable std::mutex mutex_;  // guards verifiers_
  mutable std::unordered_map<std::string, login::ScramVerifier> verifiers_;  // of plain passwords, by user
};

// What a stored password is for logins.
login::StoredSecret to_secret(const StoredPassword& password);

// auth_user and what it asks, where it is set: for all, and for databases that say something of their own.
std::map<int, AuthSource> auth_sources_of(const Settings& settings, const PoolUsers& users);
// For database_userN: database_passwordN, else what is listed.
std::map<int, login::ServerCredential> forced_credentials_of(const Settings& settings, const PoolUsers& users);

}  // namespace howdah
