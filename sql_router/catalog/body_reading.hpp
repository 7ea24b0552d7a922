// What the text of a function or view says by itself: what it does, and which functions and relations it names, whose
// effects come on top.
#pragma once

#include <vector>

#include "sql_router/effects.hpp"

namespace howdah {

struct BodyReading {
  Effects effects = {};
  bool has_unknown_part = false;  // text put together at run time, or not understood
  bool may_end_transaction = false;  // COMMIT, ROLLBACK, or CALL of a procedure that may
  std::vector<ObjectName> functions = {};
  std::vector<ObjectName> uses = {};  // functions called without their names, see CatalogFacts::effects_of_use
  std::vector<NamedRelation> relations = {};
};

}  // namespace howdah
