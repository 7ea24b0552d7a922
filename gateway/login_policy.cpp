#include "gateway/login_policy.hpp"

#include <algorithm>

#include "gateway/login/scram_verifier.hpp"
#include "gateway/options.hpp"

namespace howdah {

namespace {

login::AuthMethod to_login(AuthMethod method) {
  switch (method) {
    case AuthMethod::trust: return login::AuthMethod::trust;
    case AuthMethod::reject: return login::AuthMethod::reject;
    case AuthMethod::password: return login::AuthMethod::password;
    case AuthMethod::md5: return login::AuthMethod::md5;
    case AuthMethod::scram_sha_256: return login::AuthMethod::scram_sha_256;
    case AuthMethod::cert: return login::AuthMethod::cert;
  }
  return login::AuthMethod::reject;
}

}  // namespace

login::StoredSecret to_secret(const StoredPassword& password) {
  switch (password.kind) {
    case PasswordKind::plain: return login::PlainPassword{password.text};
    case PasswordKind::md5: return login::Md5Hash{password.text};
    case PasswordKind::scram:
      if (auto verifier = login::parse_scram_verifier(password.text)) return std::move(*verifier);
  }
  return login::NoSecret{};
}

LoginPolicy::LoginPolicy(SettingsPtr settings, HbaRules hba, PoolUsers users,
                         std::vector<IpRange> own_networks, std::string mock_secret)
    : settings_(std::move(settings)),
      console_(console_access(*settings_)),
      rules_(std::move(hba.rules)),
      users_(std::move(users)),
      own_networks_(std::move(own_networks)),
      mock_secret_(std::move(mock_secret)) {}

bool LoginPolicy::needs_client_names() const {
  return settings_->auth.enable_pool_hba() && std::any_of(rules_.begin(), rules_.end(), [](const HbaRule& rule) {
           return std::holds_alternative<HbaHostName>(rule.address);
         });
}

login::ClientLoginFacts LoginPolicy::judge(const LoginQuestion& question) const {
  login::ClientLoginFacts facts;
  facts.method = method_for(question);
  facts.allow_clear_text = settings_->auth.allow_clear_text_frontend_auth();
  facts.mock_secret = mock_secret_;
  const auto found = users_.find(question.startup.user);
  if (found == users_.end()) {
    const bool is_refused = facts.method == login::AuthMethod::reject || facts.method == login::AuthMethod::no_entry;
    facts.asks_auth_query = !settings_->auth_in_force(question.startup.database).auth_user().empty() && !is_refused;
    return facts;
  }
  facts.secret = to_secret(found->second);
  if (found->second.kind == PasswordKind::plain)
    facts.known_verifier = verifier_for(question.startup.user, found->second.text);
  return facts;
}

login::AuthMethod LoginPolicy::method_for(const LoginQuestion& question) const {
  const bool is_owner = question.is_our_own_user && question.startup.user == kConsoleOwner;
  if (is_owner && console_.is_console(question.startup.database)) return login::AuthMethod::trust;
  if (!settings_->auth.enable_pool_hba()) return login::AuthMethod::follow_secret;
  ConnectionFacts facts;
  facts.is_local = question.peer.is_unix();
  facts.is_tls = question.has_tls;
  if (!facts.is_local) facts.address = parse_ip(host_text(question.peer));
  facts.database = question.startup.database;
  facts.user = question.startup.user;
  facts.is_replication = question.startup.replication == wire::Replication::physical;
  const HbaRule* rule = match(rules_, facts, {[&question](const IpAddress&) { return question.client_name; }, own_networks_});
  return rule == nullptr ? login::AuthMethod::no_entry : to_login(rule->method);
}

login::ScramVerifier LoginPolicy::verifier_for(const std::string& user, const std::string& password) const {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = verifiers_.find(user); found != verifiers_.end()) return found->second;
  }
  login::ScramVerifier made = login::scram_verifier_for_plain(user, password, mock_secret_);  // 4096 rounds
  const std::scoped_lock lock(mutex_);
  return verifiers_.emplace(user, std::move(made)).first->second;
}

namespace {

// What servers are shown where the gateway logs in on its own account.
login::ServerCredential credential_of(const PoolUsers& users, const std::string& user) {
  const auto found = users.find(user);
  const login::StoredSecret secret = found == users.end() ? login::NoSecret{} : to_secret(found->second);
  if (const auto* plain = std::get_if<login::PlainPassword>(&secret)) return *plain;
  if (const auto* hash = std::get_if<login::Md5Hash>(&secret)) return *hash;
  return login::NoSecret{};
}

}  // namespace

std::map<int, AuthSource> auth_sources_of(const Settings& settings, const PoolUsers& users) {
  std::map<int, AuthSource> out;
  const auto add = [&](const AuthInForce& auth) {
    if (auth.auth_user().empty()) return;
    out.emplace(auth.number, AuthSource{auth.auth_user(), auth.auth_dbname(), auth.auth_query(),
                                        credential_of(users, auth.auth_user())});
  };
  add({settings.auth.auth_user, settings.auth.auth_query, settings.auth.auth_dbname});
  for (const DatabaseSettings& database : settings.databases) add(settings.auth_in_force(database.database_name()));
  return out;
}

std::map<int, login::ServerCredential> forced_credentials_of(const Settings& settings, const PoolUsers& users) {
  std::map<int, login::ServerCredential> out;
  for (const DatabaseSettings& database : settings.databases) {
    if (database.database_user().empty()) continue;
    if (database.database_password().empty())
      out[database.number] = credential_of(users, database.database_user());
    else
      out[database.number] = login::PlainPassword{database.database_password()};
  }
  return out;
}

}  // namespace howdah
