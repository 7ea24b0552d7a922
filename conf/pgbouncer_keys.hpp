// What becomes of each key of a pgbouncer.ini when it is imported: one table, checked against the parameters there are.
#pragma once

#include <span>
#include <string_view>

namespace howdah {

enum class KeyFate {
  carried,      // written to pgpool.conf, as `text` says (empty: under the same name)
  own,          // written for that one database or user, as `text` says, with its number
  own_above_0,  // the same; 0 and less mean to PgBouncer what counts for all
  option,       // a setting the database's clients begin with (database_optionsN)
  handled,      // import code of its own
  needless,     // nothing is missed; `text` says why
  missing,      // no counterpart; `text` says what to do
};

struct PgbouncerKey {
  std::string_view name;
  KeyFate fate;
  std::string_view text = {};
};

constexpr bool is_own(KeyFate fate) { return fate == KeyFate::own || fate == KeyFate::own_above_0; }

// Whether what a database or user says for itself differs from what counts for all.
bool is_own_value(const PgbouncerKey& key, std::string_view value);

// nullptr: PgBouncer has no such key.
const PgbouncerKey* find_setting_key(std::string_view name);
const PgbouncerKey* find_database_key(std::string_view name);
const PgbouncerKey* find_user_key(std::string_view name);

std::span<const PgbouncerKey> setting_keys();
std::span<const PgbouncerKey> database_keys();
std::span<const PgbouncerKey> user_keys();

}  // namespace howdah
