// What is asked of a database's catalog, and how its answer is read. Facts: PostgreSQL manual, chapter "System Catalogs".
// Objects below OID 16384 are PostgreSQL's own (FirstNormalObjectId) and not asked for, temporary ones neither: who has
// those is tied to the server connection that holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sql_router/effects.hpp"

namespace howdah {

struct CatalogFunction {
  ObjectName name;
  char volatility = 'v';       // i(mmutable), s(table), v(olatile)
  std::string language = {};   // "c", "internal", "sql", "plpgsql" ...; kUse
  std::string body = {};       // of sql and plpgsql; of aggregates and uses: SELECT of the functions they are made of
  std::string defaults = {};   // expressions of the arguments that may be left out
};

// The language of what calls functions without naming them. Its name is that of CatalogFacts::effects_of_use.
constexpr std::string_view kUse = "use";

struct CatalogRelation {
  ObjectName name;
  std::uint32_t oid = 0;
  char kind = 'r';             // pg_class.relkind: r, p(artitioned), v(iew), m(aterialized), f(oreign), S(equence)
  char persistence = 'p';      // p(ermanent), u(nlogged)
  std::string definition = {};  // the text of a view; of a table with row security: SELECT of its policies
  std::vector<std::uint32_t> parents = {};  // what it is a partition or heir of
};

struct CatalogRows {
  std::vector<CatalogFunction> functions;
  std::vector<CatalogRelation> relations;
};

using CatalogAnswer = std::vector<std::vector<std::optional<std::string>>>;

// One query, so that its answer is of one moment. `server_version` as server_version_num; from 11 on.
std::string catalog_query(int server_version);
// A number (as text, one row, one column) that differs when the answer to catalog_query() may differ. Cheap: it looks
// through the catalog's tables without expanding anything.
std::string catalog_fingerprint_query();

Result<CatalogRows> parse_catalog(const CatalogAnswer& answer);

}  // namespace howdah
