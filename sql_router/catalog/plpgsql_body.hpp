// What a PL/pgSQL body does, judged from its tokens without a grammar of its own: every `name(` may be a call, every
// other name a relation, every writing word writes, EXECUTE of text made at run time may do anything, and a statement
// that begins with an unknown word is not understood. So it errs to the careful side only, and no body can be too deep or
// too odd for it. (libpg_query's own PL/pgSQL parser needs the catalog for types and cursors, and rejects bodies that
// use them.) PostgreSQL manual, chapter "PL/pgSQL".
#pragma once

#include <string_view>

#include "sql_router/catalog/body_reading.hpp"

namespace howdah {

BodyReading read_plpgsql(std::string_view body);

}  // namespace howdah
