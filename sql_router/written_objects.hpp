// disable_load_balance_on_write = dml_adaptive: reads wait for the session's writes only where they name an object that was
// written, or one that depends on it by dml_adaptive_object_relationship_list. Objects are relations by the name written in
// the statement; what triggers, foreign keys and views do is known from the list alone, as in Pgpool. Who does not
// set the mode pays nothing for it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "conf/value.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

// A write of the first counts as a write of the second. "name()" is a function.
using ObjectRelationships = std::vector<std::pair<std::string, std::string>>;

// Items "object:dependent".
Result<ObjectRelationships> relationships_of(const StringList& items);

// What a session has written since its writes were last known to be everywhere.
struct WrittenObjects {
  std::vector<std::string> names = {};  // with their dependents
  bool is_everything = false;           // something unknown was written, or too much to remember

  // A statement that may write. A statement that names nothing, or calls a function not in the list, wrote everything.
  void add(const Traits& write, const ObjectRelationships& relationships);
  // Whether a read could miss any of it.
  bool concern(const Traits& read) const;
  void clear();
};

}  // namespace howdah
