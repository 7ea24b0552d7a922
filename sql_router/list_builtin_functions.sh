#!/bin/sh
# Writes builtin_functions.cpp from a running server's catalog (PostgreSQL 15, no extensions). libpq's variables tell
# which: PGHOST=/run/postgresql PGUSER=postgres sql_router/list_builtin_functions.sh > sql_router/builtin_functions.cpp
# A name counts as stable only if none of its overloads is volatile. Names of types may be called, too: uuid('...') is a cast.
set -eu

names() { # names <aggregate condition>
  psql -XAtc "SELECT '\"' || proname || '\",' FROM (
      SELECT proname, provolatile FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace UNION ALL
      SELECT typname, 's' FROM pg_type
       WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND typcategory <> 'A') names
    GROUP BY proname HAVING $1 ORDER BY proname COLLATE \"C\"" | fmt -w 117 | sed 's/^/    /'
}

cat <<'HEADER'
// Written by list_builtin_functions.sh from PostgreSQL 15's pg_proc; do not edit. Sorted by bytes.
#include "sql_router/builtin_functions.hpp"

#include <algorithm>
#include <array>

namespace howdah {

namespace {

constexpr auto kStableNames = std::to_array<std::string_view>({
HEADER
names "bool_and(provolatile <> 'v')"
cat <<'MIDDLE'
});

constexpr auto kVolatileNames = std::to_array<std::string_view>({
MIDDLE
names "bool_or(provolatile = 'v')"
cat <<'FOOTER'
});

}  // namespace

bool is_stable_builtin(std::string_view name) {
  return std::binary_search(kStableNames.begin(), kStableNames.end(), name);
}

bool is_volatile_builtin(std::string_view name) {
  return std::binary_search(kVolatileNames.begin(), kVolatileNames.end(), name);
}

}  // namespace howdah
FOOTER
