// Which method and which secret a client's login is checked with: pool_hba.conf and pool_passwd, as one immutable value
// made at start and reload. Asked on every worker's thread; all it changes is its memory of computed verifiers.
#pragma once

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
  LoginPolicy(const Settings& settings, HbaRules hba, PoolUsers users, std::vector<IpRange> own_networks,
              std::string mock_secret);

  // A rule names a host, so that LoginQuestion::client_name must be filled in.
  bool needs_client_names() const;
  login::ClientLoginFacts judge(const LoginQuestion& question) const;

 private:
  login::AuthMethod method_for(const LoginQuestion& question) const;
  login::ScramVerifier verifier_for(const std::string& user, const std::string& password) const;

  ConsoleAccess console_;
  bool uses_hba_;
  bool allows_clear_text_;
  std::vector<HbaRule> rules_;
  PoolUsers users_;
  std::vector<IpRange> own_networks_;
  std::string mock_secret_;
  mutable std::mutex mutex_;  // guards verifiers_
  mutable std::unordered_map<std::string, login::ScramVerifier> verifiers_;  // of plain passwords, by user
};

// What a stored password is for logins.
login::StoredSecret to_secret(const StoredPassword& password);

}  // namespace howdah
