// Which statements change what texts mean, and what functions and relations do.
#pragma once

#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

CatalogChange catalog_change_of(StatementKind kind);

// Of a text that could not be read.
CatalogChange catalog_change_of(std::string_view unread_text);

}  // namespace howdah
