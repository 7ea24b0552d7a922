// What becomes of each key of a pgbouncer.ini when it is imported: one table, checked against the parameters there are.
#pragma once

#include <span>
#include <string_view>

namespace howdah {

enum class KeyFate {
  carried,   // written to pgpool.conf, as `text` says (empty: under the same name)
  handled,   // import code of its own
  needless,  // nothing is missed; `text` says why
  missing,   // no counterpart; `text` says what to do
};

struct PgbouncerKey {
  std::string_view name;
  KeyFate fate;
  std::string_view text = {};
};

// nullptr: PgBouncer has no such key.
const PgbouncerKey* find_setting_key(std::string_view name);
const PgbouncerKey* find_database_key(std::string_view name);
const PgbouncerKey* find_user_key(std::string_view name);

std::span<const PgbouncerKey> setting_keys();

}  // namespace howdah
