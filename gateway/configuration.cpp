#include "gateway/configuration.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "conf/io/files.hpp"
#include "gateway/options.hpp"
#include "gateway/session/session_settings.hpp"
#include "gateway/session/startup_settings.hpp"

namespace howdah {

namespace {

constexpr std::array kUsualPlaces{"/etc/howdah/pgpool.conf", "/etc/pgpool2/pgpool.conf", "/etc/pgpool-II/pgpool.conf"};

bool exists(const std::string& path) { return !path.empty() && ::access(path.c_str(), F_OK) == 0; }

void add(Findings& all, const Findings& more) { all.insert(all.end(), more.begin(), more.end()); }

// The text, or nothing and an error finding.
std::optional<std::string> read_needed(const std::string& path, Findings& findings) {
  auto text = read_file(path);
  if (text) return std::move(*text);
  findings.push_back({FindingKind::syntax, FindingLevel::error, {path, 0}, to_text(text.error())});
  return std::nullopt;
}

void warn_missing(const std::string& path, std::string_view effect, Findings& findings) {
  findings.push_back({FindingKind::remark, FindingLevel::warning, {path, 0}, fmt::format("does not exist: {}", effect)});
}

// Users of auth_file join those of pool_passwd, which come first.
void read_auth_file(const Settings& settings, Configuration& configuration) {
  PoolUsers& users = configuration.passwords.users;
  if (const std::string path = settings.beside(settings.auth.auth_file()); !path.empty()) {
    if (const auto text = read_needed(path, configuration.findings)) {
      PoolPasswd listed = parse_userlist(*text, path);
      users.merge(listed.users);
      add(configuration.findings, listed.findings);
      add(configuration.findings, check_secret_file(path));
    }
  }
  const std::string& asker = settings.auth.auth_user();
  if (asker.empty()) return;
  const auto found = users.find(asker);
  const char* problem = found == users.end()                                 ? "has no password in pool_passwd or auth_file"
                        : found->second.kind == PasswordKind::scram ? "needs a plain password, a verifier opens nothing"
                                                                    : nullptr;
  if (problem != nullptr)
    configuration.findings.push_back({FindingKind::remark, FindingLevel::warning, {settings.path, 0},
                                      fmt::format("auth_user \"{}\" {}", asker, problem)});
}

// Those of certificates and keys that cannot be read, or are something else, each with the line that names it.
class TlsFileCheck {
 public:
  TlsFileCheck(const Loaded& loaded, Findings& findings) : loaded_(loaded), findings_(findings) {}

  void run() {
    const TlsSettings& tls = loaded_.settings.tls;
    const AgentSettings& agent = loaded_.settings.agent;
    using enum TlsFile;
    check(FindingLevel::warning, ": agents cannot be asked",
          {{&agent.agent_ssl_cert, certificate}, {&agent.agent_ssl_key, key}, {&agent.agent_ssl_ca_cert, authorities}});
    if (loaded_.settings.server_tls_mode() != TlsMode::disable)
      check(FindingLevel::error, "", {{tls.server_tls_ca_file().empty() ? &tls.ssl_ca_cert : &tls.server_tls_ca_file, authorities},
                                      {&tls.ssl_crl_file, revocations},
                                      {&tls.server_tls_cert_file, certificate},
                                      {&tls.server_tls_key_file, key}});
    const TlsMode client = loaded_.settings.client_tls_mode();
    if (client == TlsMode::disable) return;
    const bool must_be = client >= TlsMode::require;
    check(must_be ? FindingLevel::error : FindingLevel::warning, must_be ? "" : ": clients are not offered TLS",
          {{&tls.ssl_cert, certificate}, {&tls.ssl_key, key}, {&tls.ssl_ca_cert, authorities}, {&tls.ssl_crl_file, revocations},
           {&tls.ssl_dh_params_file, dh_parameters}});
  }

 private:
  struct Named {
    const Param<std::string>* parameter;
    TlsFile kind;
  };

  static std::string problem_of(const std::string& path, TlsFile kind) {
    const auto text = read_file(path);
    if (!text) return to_text(text.error());
    const auto good = check_tls_file(kind, *text);
    return good ? std::string{} : fmt::format("{} {}", path, to_text(good.error()));
  }

  void check(FindingLevel level, std::string_view effect, std::initializer_list<Named> files) {
    for (const auto& [parameter, kind] : files) {
      const std::string path = loaded_.settings.beside((*parameter)());
      if (path.empty() || !looked_at_.emplace(path, kind).second) continue;
      const std::string problem = problem_of(path, kind);
      if (problem.empty()) continue;
      const auto place = loaded_.places.find(parameter->name());
      findings_.push_back({FindingKind::bad_value, level,
                           place == loaded_.places.end() ? Place{loaded_.settings.path, 0} : place->second,
                           fmt::format("{}: {}{}", parameter->name(), problem, effect)});
    }
  }

  const Loaded& loaded_;
  Findings& findings_;
  std::set<std::pair<std::string, TlsFile>> looked_at_;
};

void check_database_options(const Loaded& loaded, Findings& findings) {
  for (const DatabaseSettings& database : loaded.settings.databases) {
    const auto options = startup_settings_of({{"options", database.database_options()}});
    const auto own = options ? session_settings_of(options->own) : Result<SessionSettings>(options.error());
    if (own) continue;
    const auto place = loaded.places.find(database.database_options.name());
    findings.push_back({FindingKind::bad_value, FindingLevel::error,
                        place == loaded.places.end() ? Place{loaded.settings.path, 0} : place->second,
                        fmt::format("{}: {}", database.database_options.name(), to_text(own.error()))});
  }
}

// `parameter`: the password as the file has it; empty: it is in pool_passwd.
ProbeLogin login_of(const Configuration& configuration, const Settings& settings, std::string user, std::string database,
                    const std::string& parameter) {
  ProbeLogin login;
  health::Credentials& out = login.credentials;
  out.user = std::move(user);
  out.database = std::move(database);
  out.sslmode = settings.tls.server_tls_sslmode.is_set() || settings.tls.ssl()
                    ? std::string(names_of(TlsMode{})[static_cast<std::size_t>(settings.server_tls_mode())].name)
                    : "disable";
  const TlsClientOptions tls = tls_client_options(settings);
  out.sslrootcert = tls.ca_file;
  out.sslcrl = tls.crl_file;
  out.sslcert = tls.cert_file;
  out.sslkey = tls.key_file;
  const auto password = password_for(parameter, out.user, configuration.passwords.users, configuration.aes_key);
  if (!password) login.trouble = fmt::format("user \"{}\": {}", out.user, to_text(password.error()));
  else if (password->kind != PasswordKind::plain)
    login.trouble = fmt::format("user \"{}\" needs a plain password, a hash opens nothing", out.user);
  else out.password = password->text;
  return login;
}

}  // namespace

std::string default_config_file() {
  for (const char* place : kUsualPlaces)
    if (exists(place)) return place;
  return kUsualPlaces.front();
}

Configuration read_configuration(const FilePaths& paths, bool is_check) {
  Configuration out;
  out.loaded = load_settings({paths.config, file_reader(), process_environment()});
  add(out.findings, out.loaded.findings);
  TlsFileCheck(out.loaded, out.findings).run();
  check_database_options(out.loaded, out.findings);
  read_companions(paths, out.loaded.settings, out, is_check);
  return out;
}

void read_companions(const FilePaths& paths, const Settings& settings, Configuration& configuration, bool is_check) {
  const auto or_beside = [&](const std::string& given, const char* name) {
    return given.empty() ? settings.beside(name) : given;
  };
  const std::string key = paths.key.empty() ? default_key_file(process_environment()) : paths.key;
  configuration.aes_key = key.empty() ? std::nullopt : read_key_file(key, configuration.findings);

  configuration.hba = {};
  if (settings.auth.enable_pool_hba()) {
    const std::string path = or_beside(paths.hba, "pool_hba.conf");
    if (is_check && paths.hba.empty() && !exists(path))
      warn_missing(path, "the gateway will not start without it, because enable_pool_hba is on", configuration.findings);
    else if (const auto text = read_needed(path, configuration.findings))
      configuration.hba = parse_hba(*text, path, file_reader());
    add(configuration.findings, configuration.hba.findings);
  }
  configuration.passwords = {};
  const std::string passwords = settings.beside(settings.auth.pool_passwd());
  if (exists(passwords)) {
    if (const auto text = read_needed(passwords, configuration.findings))
      configuration.passwords = parse_pool_passwd(*text, passwords, configuration.aes_key);
    add(configuration.findings, configuration.passwords.findings);
    add(configuration.findings, check_secret_file(passwords));
  } else if (is_check && settings.auth.pool_passwd.is_set() && !settings.auth.pool_passwd().empty()) {
    warn_missing(passwords, "no passwords are known", configuration.findings);
  }
  read_auth_file(settings, configuration);
  configuration.pcp_users = {};
  const std::string pcp = or_beside(paths.pcp, "pcp.conf");
  if (exists(pcp) || !paths.pcp.empty()) {
    if (const auto text = read_needed(pcp, configuration.findings))
      configuration.pcp_users = parse_pcp_conf(*text, pcp);
    add(configuration.findings, configuration.pcp_users.findings);
    add(configuration.findings, check_secret_file(pcp));
  } else if (is_check) {
    warn_missing(pcp, "nobody can use the control port", configuration.findings);
  }
}

ProbeLogin probe_login(const Configuration& configuration, const Settings& settings) {
  const ReplicationSettings& replication = settings.replication;
  if (!replication.sr_check_user().empty())
    return login_of(configuration, settings, replication.sr_check_user(), replication.sr_check_database(),
                    replication.sr_check_password());
  const HealthSettings& health = settings.health;
  return login_of(configuration, settings, health.health_check_user(), health.health_check_database(),
                  health.health_check_password());
}

ProbeLogin recovery_login(const Configuration& configuration, const Settings& settings) {
  const RecoverySettings& recovery = settings.recovery;
  const std::string& database = recovery.recovery_database();
  ProbeLogin login = login_of(configuration, settings, recovery.recovery_user(), database.empty() ? "postgres" : database,
                              recovery.recovery_password());
  if (recovery.recovery_user().empty()) login.trouble = "recovery_user is not set";
  return login;
}

}  // namespace howdah
