#include "conf/pgbouncer_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "conf/load.hpp"
#include "conf/pgbouncer_keys.hpp"
#include "conf/walk.hpp"
#include "conf/words.hpp"

namespace howdah {

using namespace conf;

namespace {

// What PgBouncer does where the file says nothing and Howdah would do otherwise.
constexpr std::string_view kOtherDefaults =
    "# PgBouncer's defaults where Howdah's differ\n"
    "port = '6432'\n"
    "listen_addresses = ''\n"
    "pool_mode = 'session'\n"
    "client_tls_sslmode = 'disable'\n"
    "server_tls_sslmode = 'prefer'\n"
    "server_login_retry = '15'\n"
    "server_check_query = '<empty>'\n"
    "query_wait_notify = '5'\n"
    "log_connections = 'on'\n"
    "log_disconnections = 'on'\n"
    "enable_pool_hba = 'on'\n"
    "pool_passwd = 'pool_passwd'\n";

void say(Findings& findings, FindingLevel level, const Place& place, std::string message) {
  const auto kind = level == FindingLevel::error ? FindingKind::bad_value : FindingKind::unsupported;
  findings.push_back({kind, level, place, std::move(message)});
}

// Times that are whole seconds here: a fraction is rounded up, for 0 would be no limit.
std::string in_our_unit(std::string_view parameter, std::string value) {
  static const Settings rows = [] {
    Settings made;
    made.users.emplace_back();
    return made;
  }();
  const auto point = value.find('.');
  if (point == std::string::npos || dynamic_cast<const Param<seconds>*>(find_param(rows, parameter)) == nullptr) return value;
  double time = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), time);
  const bool is_number = error == std::errc{} && end == value.data() + value.size();
  return is_number ? fmt::format("{:.0f}", std::ceil(time)) : value;
}

class SettingsImport {
 public:
  SettingsImport(const PgbouncerIni& ini, Places& places, Findings& findings)
      : ini_(ini), places_(places), findings_(findings) {}

  std::string run() {
    for (const IniEntry& entry : ini_.settings)
      if (ini_.find(entry.key) == &entry) take(entry);
    return std::move(out_);
  }

 private:
  void take(const IniEntry& entry) {
    const PgbouncerKey* row = find_setting_key(entry.key);
    if (row == nullptr)
      return say(findings_, FindingLevel::error, entry.place, fmt::format("PgBouncer knows no setting \"{}\"", shown(entry.key)));
    switch (row->fate) {
      case KeyFate::own:
      case KeyFate::option:
      case KeyFate::own_above_0: return;  // no key of [pgbouncer]
      case KeyFate::carried: return write(row->text.empty() ? row->name : row->text, entry);
      case KeyFate::handled: return handle(entry);
      case KeyFate::needless:
        return say(findings_, FindingLevel::notice, entry.place, fmt::format("{} is not needed: {}", entry.key, row->text));
      case KeyFate::missing:
        if (entry.value.empty() || entry.value == "0") return;  // not used
        return say(findings_, FindingLevel::warning, entry.place,
                   fmt::format("{} has no counterpart: {}", entry.key, row->text));
    }
  }

  void write(std::string_view name, const IniEntry& entry) {
    const bool is_file = entry.key.ends_with("_file") && !entry.value.empty();
    out_ += fmt::format("{} = {}\n", name, quoted(is_file ? file_of(entry) : in_our_unit(name, entry.value)));
    places_[std::string(name)] = entry.place;
  }

  void handle(const IniEntry& entry) {
    if (entry.key == "listen_addr") out_ += fmt::format("listen_addresses = {}\n", quoted(entry.value));
    if (entry.key == "syslog" && entry.value != "0") out_ += "log_destination = 'syslog'\n";
    // PgBouncer knows more facilities than daemon and local0-7.
    if (entry.key == "syslog_facility")
      entry.value.starts_with("local")
          ? void(out_ += fmt::format("syslog_facility = {}\n", quoted(entry.value)))
          : say(findings_, FindingLevel::warning, entry.place, "syslog_facility: only local0 to local7 are known");
  }

  const PgbouncerIni& ini_;
  Places& places_;
  Findings& findings_;
  std::string out_;
};

// One block of numbered parameters for each user with settings of its own.
class UsersImport {
 public:
  UsersImport(Places& places, Findings& findings) : places_(places), findings_(findings) {}

  std::string run(const std::vector<IniEntry>& users) {
    for (const IniEntry& entry : users) take(entry);
    return std::move(out_);
  }

 private:
  void take(const IniEntry& entry) {
    const auto pairs = parse_ini_pairs(entry.value);
    if (!pairs) return say(findings_, FindingLevel::error, entry.place, "key=value key='value' is expected");
    std::string block;
    for (const IniPair& pair : *pairs) {
      const PgbouncerKey* row = find_user_key(pair.key);
      if (row == nullptr)
        say(findings_, FindingLevel::error, entry.place, fmt::format("PgBouncer knows no key \"{}\" of a user", shown(pair.key)));
      else if (is_own_value(*row, pair.value))
        block += line(fmt::format("{}{}", row->text, count_), in_our_unit(row->text, pair.value), entry.place);
    }
    if (block.empty()) return;
    out_ += fmt::format("user_name{} = {}\n{}", count_, quoted(entry.key), block);
    ++count_;
  }

  std::string line(std::string name, std::string_view value, const Place& place) {
    std::string out = fmt::format("{} = {}\n", name, quoted(value));
    places_[std::move(name)] = place;
    return out;
  }

  Places& places_;
  Findings& findings_;
  int count_ = 0;
  std::string out_;
};

void judge_peers(const PgbouncerIni& ini, Findings& findings) {
  for (const IniEntry& entry : ini.peers)
    say(findings, FindingLevel::warning, entry.place,
        "[peers] has no counterpart: one gateway uses all cores and needs no peers. Of several gateways, each cancels only for its "
        "own clients: let a client's cancel requests reach the gateway it is connected to (libpq sends them to the same address)");
}

// PgBouncer asks in the database the client wants; here the operator says in which.
std::string auth_database(const PgbouncerIni& ini, const ImportedDatabases& databases, Findings& findings) {
  const IniEntry* query = ini.find("auth_query");
  if (query == nullptr || ini.find("auth_dbname") != nullptr) return {};
  const std::string database = quoted(databases.first_database.empty() ? "postgres" : databases.first_database);
  say(findings, FindingLevel::warning, query->place,
      fmt::format("auth_query is asked in one database, whatever the client asks for: auth_dbname = {}", database));
  return fmt::format("auth_dbname = {}\n", database);
}

// PgBouncer finds out about a server when a client needs it; here it is asked before, by somebody who must log in.
std::string checks(const std::string& path, const ImportedDatabases& databases, const ImportedLogins& logins,
                   Findings& findings) {
  const std::string& user = logins.check_user.empty() ? databases.forced_user : logins.check_user;
  if (user.empty()) {
    say(findings, FindingLevel::warning, {path, 0},
        "the servers are watched by a user of its own: set sr_check_user and sr_check_password in pgpool.conf; until then no "
        "server is known to be the primary");
    return {};
  }
  const std::string database = databases.first_database.empty() ? "postgres" : databases.first_database;
  say(findings, FindingLevel::notice, {path, 0},
      fmt::format("the servers are watched as \"{}\": sr_check_user names a better one", shown(user)));
  const std::string password =
      logins.check_user.empty() ? fmt::format("sr_check_password = {}\n", quoted(databases.forced_password)) : "";
  return fmt::format("# watches the servers\nsr_check_user = {}\n{}sr_check_database = {}\n", quoted(user), password,
                     quoted(database));
}

// Values that Howdah refuses are found here, not at its first start, and told with the line of the ini file.
void check(const ImportedFiles& files, const std::string& directory, const Places& places, Findings& findings) {
  const std::string path = directory + "/pgpool.conf";
  const auto read = [&](const std::string& wanted) -> Result<std::string> {
    if (wanted == path) return files.pgpool_conf;
    return Error{ErrorCode::configuration, "not needed"};
  };
  const auto lines = lines_of(files.pgpool_conf);
  for (Finding& finding : load_settings({path, read}).findings) {
    if (finding.level != FindingLevel::error) continue;
    const auto number = static_cast<std::size_t>(finding.place.line);
    if (number > 0 && number <= lines.size()) {
      const std::string_view line = lines[number - 1];
      if (const auto from = places.find(line.substr(0, line.find(' '))); from != places.end()) finding.place = from->second;
    }
    findings.push_back(std::move(finding));
  }
}

}  // namespace

ImportedFiles import_pgbouncer(const std::string& path, const std::string& directory, const std::string& servers,
                               const FileReader& read) {
  ImportedFiles out;
  const PgbouncerIni ini = parse_pgbouncer_ini(path, read);
  out.findings = ini.findings;
  const ImportedDatabases databases = import_databases(ini, servers, out.findings);
  Places places = databases.places;
  const std::string settings = SettingsImport(ini, places, out.findings).run();
  const std::string users = UsersImport(places, out.findings).run(ini.users);
  judge_peers(ini, out.findings);
  const ImportedLogins logins = import_logins(ini, databases, read, out.findings);
  out.pgpool_conf = fmt::format("# Imported from {}\n\n{}\n# [pgbouncer]\n{}{}\n# [databases]\n{}\n# [users]\n{}\n{}", path, kOtherDefaults,
                                settings, auth_database(ini, databases, out.findings), databases.pgpool_conf,
                                users, checks(path, databases, logins, out.findings));
  out.holds_password = !databases.forced_password.empty();
  out.pool_hba = fmt::format("# Imported from {}\n{}", path, logins.pool_hba);
  out.pool_passwd = logins.pool_passwd;
  check(out, directory, places, out.findings);
  std::stable_sort(out.findings.begin(), out.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.level > b.level; });
  return out;
}

}  // namespace howdah
