// [databases] of a pgbouncer.ini: the servers behind it become nodes, the names become pool_hba.conf's database field.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "conf/pgbouncer_import.hpp"
#include "conf/pgbouncer_keys.hpp"
#include "conf/pgbouncer_options.hpp"
#include "conf/settings/pools.hpp"
#include "conf/words.hpp"

namespace howdah {

using namespace conf;

namespace {

struct Database {
  std::string name;
  std::string servers;  // "host:port,host:port", the key of the cluster it lies on
  std::vector<std::pair<std::string, std::string>> addresses;
  std::map<std::string, std::string, std::less<>> keys;
  Place place;
};

std::string value_or(const Database& database, std::string_view key, std::string_view otherwise) {
  const auto found = database.keys.find(key);
  return found == database.keys.end() || found->second.empty() ? std::string(otherwise) : found->second;
}

class DatabasesImport {
 public:
  DatabasesImport(const PgbouncerIni& ini, const std::string& servers, Findings& findings)
      : ini_(ini), servers_(servers), findings_(findings) {}

  ImportedDatabases run() {
    for (const IniEntry& entry : ini_.databases) read(entry);
    if (databases_.empty()) say(FindingLevel::error, {}, "[databases] names no database: no server is known");
    if (!databases_.empty()) write_servers();
    for (const Database& database : databases_) take_name(database);
    return std::move(out_);
  }

 private:
  void read(const IniEntry& entry) {
    if (entry.key == "pgbouncer") return say(FindingLevel::error, entry.place, "the name \"pgbouncer\" is the console's");
    const auto pairs = parse_ini_pairs(entry.value);
    if (!pairs) return say(FindingLevel::error, entry.place, "key=value key='value' is expected");
    Database database{entry.key, {}, {}, {}, entry.place};
    for (const IniPair& pair : *pairs) database.keys[pair.key] = pair.value;
    const IniEntry* directory = ini_.find("unix_socket_dir");
    const std::string local = directory != nullptr && !directory->value.empty() ? directory->value : "/tmp";
    const auto hosts = split_list(value_or(database, "host", local), ',');
    const auto ports = split_list(value_or(database, "port", "5432"), ',');
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      const std::string& port = ports.size() == hosts.size() ? ports[i] : ports.front();
      database.addresses.emplace_back(hosts[i], port);
      database.servers += fmt::format("{}{}:{}", i > 0 ? "," : "", hosts[i], port);
    }
    // Of lines with one name the last one counts.
    std::erase_if(databases_, [&](const Database& earlier) { return earlier.name == database.name; });
    databases_.push_back(std::move(database));
  }

  // One gateway serves one primary with its replicas: those that were asked for, else those that most databases lie on.
  const Database* chosen_database() const {
    std::map<std::string, int> count;
    for (const Database& database : databases_) ++count[database.servers];
    const Database* chosen = servers_.empty() ? &databases_.front() : nullptr;
    for (const Database& database : databases_) {
      const bool is_better = servers_.empty() ? count[database.servers] > count[chosen->servers] : database.servers == servers_;
      if (is_better) chosen = &database;
    }
    return chosen;
  }

  void write_servers() {
    const Database* chosen = chosen_database();
    if (chosen == nullptr) return say(FindingLevel::error, {}, fmt::format("no database lies on \"{}\"", shown(servers_)));
    for (std::size_t i = 0; i < chosen->addresses.size(); ++i) {
      const auto& [host, port] = chosen->addresses[i];
      out_.pgpool_conf += fmt::format("backend_hostname{} = {}\nbackend_port{} = {}\n", i, quoted(host), i, quoted(port));
    }
    if (chosen->addresses.size() == 1) {
      out_.pgpool_conf += "backend_clustering_mode = 'raw'  # one server: no roles, no balancing, as with PgBouncer\n";
    } else {
      out_.pgpool_conf += "backend_clustering_mode = 'streaming_replication'\n";
      say(FindingLevel::warning, chosen->place,
          "host names several servers: they are taken for a primary and its replicas, which are found by asking; set "
          "sr_check_user, with its password in pool_passwd");
    }
    std::erase_if(databases_, [&, servers = chosen->servers](const Database& database) {
      if (database.servers == servers) return false;
      say(FindingLevel::warning, database.place,
          fmt::format("\"{}\" lies on other servers than those imported: give them a gateway of their own, whose files "
                      "--servers {} -o DIR writes",
                      shown(database.name), shown(database.servers)));
      return true;
    });
  }

  void take_name(const Database& database) {
    const bool is_fallback = database.name == kEveryOther;
    if (is_fallback)
      out_.has_fallback = true;
    else
      out_.names.push_back(database.name);
    if (out_.first_database.empty()) out_.first_database = value_or(database, "dbname", is_fallback ? "" : database.name);
    take_forced_user(database);
    for (const auto& [key, value] : database.keys) judge_key(database, key);
    write_own(database);
  }

  void take_forced_user(const Database& database) {
    const std::string user = value_or(database, "user", "");
    const std::string password = value_or(database, "password", "");
    if (user.empty()) out_.has_only_forced_users = false;
    if (out_.forced_user.empty() && !password.empty()) std::tie(out_.forced_user, out_.forced_password) = std::tie(user, password);
  }

  // Numbered parameters, one block for each database that has any.
  void write_own(const Database& database) {
    std::string block;
    for (const auto& [key, value] : database.keys) {
      const PgbouncerKey* row = find_database_key(key);
      if (row != nullptr && is_own_value(*row, value)) block += own_line(database, row->text, value);
    }
    if (const std::string options = options_of(database); !options.empty())
      block += own_line(database, "database_options", options);
    if (const std::string query = value_or(database, "connect_query", ""); !settings_of_connect_query(query))
      block += own_line(database, "database_connect_query", query);
    if (block.empty()) return;
    out_.pgpool_conf += fmt::format("database_name{} = {}\n{}", own_count_++, quoted(database.name), block);
  }

  std::string own_line(const Database& database, std::string_view family, const std::string& value) {
    const std::string name = fmt::format("{}{}", family, own_count_);
    out_.places[name] = database.place;
    return fmt::format("{} = {}\n", name, quoted(value));
  }

  // What connect_query sets comes last, as it runs last. One that does anything else runs as it is.
  std::string options_of(const Database& database) {
    std::vector<Setting> settings;
    for (const auto& [key, value] : database.keys)
      if (const PgbouncerKey* row = find_database_key(key); row != nullptr && row->fate == KeyFate::option) settings.emplace_back(key, value);
    if (const auto set = settings_of_connect_query(value_or(database, "connect_query", "")))
      settings.insert(settings.end(), set->begin(), set->end());
    return options_text(settings);
  }

  void judge_key(const Database& database, const std::string& key) {
    const PgbouncerKey* row = find_database_key(key);
    if (row == nullptr)
      return say(FindingLevel::error, database.place, fmt::format("PgBouncer knows no key \"{}\" of a database", shown(key)));
    if (row->fate == KeyFate::missing || row->fate == KeyFate::needless)
      say(row->fate == KeyFate::missing ? FindingLevel::warning : FindingLevel::notice, database.place,
          fmt::format("{} of \"{}\" has no counterpart: {}", key, shown(database.name), row->text));
  }

  void say(FindingLevel level, const Place& place, std::string message) {
    const auto kind = level == FindingLevel::error ? FindingKind::bad_value : FindingKind::unsupported;
    findings_.push_back({kind, level, place, std::move(message)});
  }

  const PgbouncerIni& ini_;
  const std::string& servers_;
  Findings& findings_;
  std::vector<Database> databases_;
  int own_count_ = 0;
  ImportedDatabases out_;
};

}  // namespace

ImportedDatabases import_databases(const PgbouncerIni& ini, const std::string& servers, Findings& findings) {
  return DatabasesImport(ini, servers, findings).run();
}

}  // namespace howdah
