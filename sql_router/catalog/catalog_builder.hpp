// From the catalog's rows to facts: every body and view is read once, then what each does is passed on to who names it
// until nothing changes, so that cycles and chains of any depth end. Takes some microseconds per object; not for workers.
#pragma once

#include <memory>

#include "sql_router/catalog/catalog_facts.hpp"
#include "sql_router/catalog/catalog_rows.hpp"

namespace howdah {

struct CatalogRules {
  bool checks_unlogged = true;           // check_unlogged_table
  bool foreign_reads_may_use_replica = false;
};

CatalogFactsPtr build_catalog_facts(const CatalogRows& rows, const CatalogRules& rules, std::uint64_t stamp,
                                    std::uint64_t as_of);

}  // namespace howdah
