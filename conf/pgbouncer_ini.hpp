// The grammar of pgbouncer.ini (PgBouncer's doc/config.md, and its loader): sections, key = value, %include, and the
// connection strings of [databases] and [users]. Only the form; what a key means is in pgbouncer_keys.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/finding.hpp"

namespace howdah {

struct IniEntry {
  std::string key;
  std::string value;
  Place place;
};

struct PgbouncerIni {
  std::vector<IniEntry> settings;  // [pgbouncer]; of a key written twice the last one counts
  std::vector<IniEntry> databases;
  std::vector<IniEntry> users;
  std::vector<IniEntry> peers;
  Findings findings;

  // The value of the last line with that key; nullptr: there is none.
  const IniEntry* find(std::string_view key) const;
};

// The value as a file's name. PgBouncer takes names as relative to the directory it is started in; here that is the
// ini file's, which is at hand.
std::string file_of(const IniEntry& entry);

PgbouncerIni parse_pgbouncer_ini(const std::string& path, const FileReader& read);

struct IniPair {
  std::string key;
  std::string value;
};
// "key=value key='it''s'". Nothing if it is not of that form.
std::optional<std::vector<IniPair>> parse_ini_pairs(std::string_view text);

}  // namespace howdah
