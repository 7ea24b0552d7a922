// auth_type, auth_file and auth_hba_file of a pgbouncer.ini as pool_hba.conf and pool_passwd. What cannot be said the
// same way is said more strictly, never more loosely.
#include <fmt/format.h>

#include <array>

#include "conf/hba.hpp"
#include "conf/hba_fields.hpp"
#include "conf/pgbouncer_import.hpp"
#include "conf/users.hpp"
#include "conf/words.hpp"

namespace howdah {

using namespace conf;

namespace {

struct TypeRow {
  std::string_view auth_type;
  std::string_view method;
  std::string_view problem = {};
};
constexpr auto kTypes = std::to_array<TypeRow>({
    {"md5", "md5"},
    {"scram-sha-256", "scram-sha-256"},
    {"plain", "password"},
    {"trust", "trust"},
    {"cert", "cert"},
    {"any", "scram-sha-256", "not every database says who logs in to the servers (user=), so clients need passwords: list them in pool_passwd"},
    {"pam", "scram-sha-256", "list the passwords in pool_passwd, or set auth_user"},
    {"ldap", "scram-sha-256", "list the passwords in pool_passwd, or set auth_user"},
});

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

std::string name_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ",").append(quoted_name(name));
  return out;
}

class LoginsImport {
 public:
  LoginsImport(const PgbouncerIni& ini, const ImportedDatabases& databases, const FileReader& read, Findings& findings)
      : ini_(ini), read_(read), findings_(findings), has_only_forced_users_(databases.has_only_forced_users) {
    std::vector<std::string> names = databases.names;
    if (ini.find("admin_users") != nullptr || ini.find("stats_users") != nullptr) names.emplace_back("pgbouncer");  // the console
    names_ = databases.has_fallback ? "all" : name_list(names);
  }

  ImportedLogins run() {
    read_users();
    const IniEntry* type = ini_.find("auth_type");
    if (type != nullptr && type->value == "hba")
      convert_rules(type->place);
    else
      write_rules(type);
    for (const auto& [user, password] : users_) write_user(user, password);
    choose_check_user();
    return std::move(out_);
  }

 private:
  void read_users() {
    const IniEntry* file = ini_.find("auth_file");
    if (file == nullptr || file->value.empty()) return;
    const std::string path = file_of(*file);
    const auto text = read_(path);
    if (!text) return say(FindingLevel::error, file->place, to_text(text.error()));
    PoolPasswd listed = parse_userlist(*text, path);
    users_ = std::move(listed.users);
    findings_.insert(findings_.end(), listed.findings.begin(), listed.findings.end());
  }

  void write_user(const std::string& user, const StoredPassword& password) {
    const bool fits = user.find_first_of(":\r\n") == std::string::npos && !user.starts_with('#') &&
                      (password.kind == PasswordKind::scram || password.text.find_first_of(":\r\n") == std::string::npos);
    if (!fits)
      return say(FindingLevel::warning, ini_.find("auth_file")->place,
                 fmt::format("pool_passwd cannot hold the name or password of \"{}\" (a colon): set auth_file in pgpool.conf",
                             shown(user)));
    out_.pool_passwd += fmt::format("{}:{}{}\n", user, password.kind == PasswordKind::plain ? "TEXT" : "", password.text);
  }

  void choose_check_user() {
    const IniEntry* asker = ini_.find("auth_user");
    for (const auto& [user, password] : users_) {
      if (password.kind != PasswordKind::plain) continue;
      const bool is_asker = asker != nullptr && asker->value == user;
      if (is_asker || out_.check_user.empty()) out_.check_user = user;
    }
  }

  // PgBouncer trusts only users it knows.
  std::string known_users() const {
    std::vector<std::string> names;
    for (const auto& [user, password] : users_) names.push_back(user);
    return name_list(names);
  }

  void write_rules(const IniEntry* type) {
    if (names_.empty()) return;
    const std::string wanted = type == nullptr ? "md5" : type->value;
    const TypeRow* row = nullptr;
    for (const TypeRow& known : kTypes)
      if (known.auth_type == wanted) row = &known;
    if (row == nullptr)
      return say(FindingLevel::error, type->place, fmt::format("\"{}\" is no auth_type of PgBouncer", shown(wanted)));
    // Who asks does not matter where all go to the servers as somebody else.
    if (wanted == "any" && has_only_forced_users_) {
      out_.pool_hba += fmt::format("local {0} all trust\nhost {0} all all trust\n", names_);
      return;
    }
    if (!row->problem.empty())
      say(FindingLevel::warning, type->place, fmt::format("auth_type = {} has no counterpart: {}", wanted, row->problem));
    if (row->method == "cert") {
      out_.pool_hba += fmt::format("hostssl {} all all cert\n", names_);
      return;
    }
    const std::string users = row->method == "trust" ? known_users() : "all";
    if (users.empty()) return;
    out_.pool_hba += fmt::format("local {} {} {}\n", names_, users, row->method);
    out_.pool_hba += fmt::format("host {} {} all {}\n", names_, users, row->method);
  }

  void convert_rules(const Place& from) {
    const IniEntry* file = ini_.find("auth_hba_file");
    if (file == nullptr || file->value.empty()) return say(FindingLevel::error, from, "auth_type = hba needs auth_hba_file");
    Place place{file_of(*file), 0};
    const auto text = read_(place.file);
    if (!text) return say(FindingLevel::error, file->place, to_text(text.error()));
    for (const std::string_view line : lines_of(*text)) {
      ++place.line;
      convert_rule(line, place);
    }
  }

  void convert_rule(std::string_view line, const Place& place) {
    std::string problem;
    std::vector<HbaField> fields = split_hba_line(line, problem);
    if (problem.empty() && fields.empty()) return;
    const HbaRules parsed = parse_hba(line, place.file, read_);
    if (parsed.rules.size() == 1) {
      out_.pool_hba += rendered(fields, place) + "\n";
      return;
    }
    problem = parsed.findings.empty() ? problem : parsed.findings.front().message;
    // Left out, the line would leave its clients to a later one that may ask less of them.
    const bool has_fields = fields.size() > 3;
    if (has_fields) {
      const std::size_t kept = single_word(fields[0]) && fields[0][0].text == "local" ? 3 : 4;
      fields.resize(kept);
      fields.push_back({HbaWord{"reject"}});
      out_.pool_hba += rendered(fields, place) + "\n";
    }
    say(FindingLevel::warning, place,
        fmt::format("{}; {}", problem, has_fields ? "reject is written in its place" : "the line is left out"));
  }

  // The same line; but "all" databases are those that [databases] lists.
  std::string rendered(const std::vector<HbaField>& fields, const Place& place) const {
    std::string out;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out += ' ';
      for (std::size_t w = 0; w < fields[i].size(); ++w)
        out.append(w > 0 ? "," : "").append(i == 1 ? database_word(fields[i][w], place) : word(fields[i][w], place));
    }
    return out;
  }

  std::string database_word(const HbaWord& name, const Place& place) const {
    const bool is_all = !name.is_quoted && name.text == "all";
    return is_all && !names_.empty() ? names_ : word(name, place);
  }

  static std::string word(const HbaWord& word, const Place& place) {
    if (word.is_quoted) return quoted_name(word.text);
    const bool is_file = word.text.starts_with('@') && word.text.size() > 1 && word.text[1] != '/';
    return is_file ? fmt::format("@{}{}", place.file.substr(0, place.file.rfind('/') + 1), word.text.substr(1)) : word.text;
  }

  void say(FindingLevel level, const Place& place, std::string message) {
    const auto kind = level == FindingLevel::error ? FindingKind::bad_value : FindingKind::unsupported;
    findings_.push_back({kind, level, place, std::move(message)});
  }

  const PgbouncerIni& ini_;
  const FileReader& read_;
  Findings& findings_;
  bool has_only_forced_users_;
  std::string names_;  // a database field
  PoolUsers users_;
  ImportedLogins out_;
};

}  // namespace

ImportedLogins import_logins(const PgbouncerIni& ini, const ImportedDatabases& databases, const FileReader& read,
                             Findings& findings) {
  return LoginsImport(ini, databases, read, findings).run();
}

}  // namespace howdah
