#include "sql_router/catalog/catalog_rows.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace howdah {

namespace {

constexpr std::size_t kColumns = 8;

// kind, schema, name, volatility | relkind, language | persistence, body | definition, defaults | parents, oid
constexpr std::string_view kFunctions = R"(
SELECT 'f', n.nspname, p.proname, p.provolatile::text, l.lanname::text,
       CASE WHEN p.prokind = 'a' THEN
              (SELECT concat_ws(', ', 'SELECT ' || a.aggtransfn || '()', NULLIF(a.aggfinalfn::text, '-') || '()',
                                NULLIF(a.aggcombinefn::text, '-') || '()', NULLIF(a.aggmtransfn::text, '-') || '()',
                                NULLIF(a.aggmfinalfn::text, '-') || '()')
                 FROM pg_aggregate a WHERE a.aggfnoid = p.oid)
            WHEN l.lanname = 'sql' THEN {}
            WHEN l.lanname = 'plpgsql' THEN p.prosrc END,
       CASE WHEN p.pronargdefaults > 0 THEN pg_get_expr(p.proargdefaults, 0) END, p.oid::text
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.prorettype <> ALL (ARRAY['trigger', 'event_trigger']::regtype[]))";

constexpr std::string_view kRelations = R"(
UNION ALL
SELECT 'r', n.nspname, c.relname, c.relkind::text, c.relpersistence::text,
       CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid)
            WHEN c.relrowsecurity THEN (SELECT 'SELECT ' || string_agg(pg_get_expr(polqual, polrelid), ', ')
              FROM pg_policy WHERE polrelid = c.oid AND polcmd IN ('r', '*')) END,
       (SELECT string_agg(inhparent::text, ' ') FROM pg_inherits WHERE inhrelid = c.oid), c.oid::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
   AND n.nspname <> 'pg_toast')";

// Functions that statements call without their names. Those in C that are not volatile only read; an extension brings many.
constexpr std::string_view kUses = R"(
UNION ALL
SELECT 'f', n.nspname, u.name, 's', 'use', u.body, NULL, '0'
  FROM (SELECT oprnamespace AS schema, oprname::text AS name, concat('SELECT ', oprcode, '()') AS body, oprcode::oid AS function
          FROM pg_operator WHERE oid >= 16384
        UNION ALL
        SELECT t.typnamespace, '::' || t.typname, concat('SELECT ', c.castfunc::regproc, '()'), c.castfunc
          FROM pg_cast c JOIN pg_type t ON t.oid = c.casttarget WHERE c.oid >= 16384
        UNION ALL
        SELECT p.pronamespace, '.' || p.proname, concat('SELECT ', p.oid::regproc, '()'), p.oid
          FROM pg_proc p JOIN pg_type t ON t.oid = p.proargtypes[0]
         WHERE p.oid >= 16384 AND p.pronargs = 1 AND t.typtype = 'c') u
  JOIN pg_namespace n ON n.oid = u.schema JOIN pg_proc p ON p.oid = u.function JOIN pg_language l ON l.oid = p.prolang
 WHERE p.provolatile = 'v' OR l.lanname NOT IN ('c', 'internal')
UNION ALL
SELECT 'f', n.nspname, '::' || t.typname, 's', 'use',
       concat('SELECT NULL::', format_type(t.typbasetype, NULL), (SELECT ', ' || string_agg(pg_get_expr(conbin, 0), ', ')
              FROM pg_constraint WHERE contypid = t.oid AND conbin IS NOT NULL)), NULL, '0'
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid >= 16384 AND t.typtype = 'd')";

// hashtext() is not documented, but has been there and as it is since PostgreSQL 7.4; it only has to be the same from one
// minute to the next.
constexpr std::string_view kFingerprint = R"(
SELECT concat_ws(':', (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_proc WHERE oid >= 16384),
  (SELECT sum(hashtext(concat(oid, relname, relnamespace, relkind, relpersistence, relrowsecurity))::bigint)
     FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relpersistence <> 't'),
  (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_rewrite WHERE oid >= 16384),
  (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_policy),
  (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_operator WHERE oid >= 16384),
  (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_cast WHERE oid >= 16384),
  (SELECT sum(hashtext(concat(oid, xmin))::bigint) FROM pg_constraint WHERE contypid <> 0),
  (SELECT sum(hashtext(concat(inhrelid, inhparent))::bigint) FROM pg_inherits),
  (SELECT sum(hashtext(concat(oid, nspname))::bigint) FROM pg_namespace WHERE nspname NOT LIKE 'pg\_t%')))";

template <typename Row>
std::string text_at(const Row& row, std::size_t column) {
  return row[column].value_or(std::string());
}

template <typename Row>
char char_at(const Row& row, std::size_t column, char otherwise) {
  return row[column] && !row[column]->empty() ? row[column]->front() : otherwise;
}

std::vector<std::uint32_t> numbers_in(std::string_view text) {
  std::vector<std::uint32_t> numbers;
  for (const char* at = text.data(); at != text.data() + text.size();) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(at, text.data() + text.size(), number);
    if (error == std::errc{}) numbers.push_back(number);
    at = end == at ? at + 1 : end;
  }
  return numbers;
}

}  // namespace

std::string catalog_query(int server_version) {
  // Bodies of BEGIN ATOMIC and RETURN are kept as trees, from 14 on.
  const bool has_trees = server_version >= 140000;
  return fmt::format(kFunctions, has_trees ? "COALESCE(pg_get_function_sqlbody(p.oid), p.prosrc)" : "p.prosrc") +
         std::string(kUses) + std::string(kRelations);
}

std::string catalog_fingerprint_query() { return std::string(kFingerprint); }

Result<CatalogRows> parse_catalog(const CatalogAnswer& answer) {
  CatalogRows rows;
  for (const auto& row : answer) {
    if (row.size() != kColumns)
      return Error{ErrorCode::backend_protocol_violation, "a row of the catalog has an unexpected form"};
    const ObjectName name{text_at(row, 1), text_at(row, 2)};
    if (text_at(row, 0) == "f") {
      rows.functions.push_back({name, char_at(row, 3, 'v'), text_at(row, 4), text_at(row, 5), text_at(row, 6)});
    } else {
      const auto oid = numbers_in(text_at(row, 7));
      rows.relations.push_back({name, oid.empty() ? 0 : oid.front(), char_at(row, 3, 'r'), char_at(row, 4, 'p'),
                                text_at(row, 5), numbers_in(text_at(row, 6))});
    }
  }
  return rows;
}

}  // namespace howdah
