// PostgreSQL drops, renames and copies a database only while nobody is connected to it. Connections of a pool that lie
// idle must not stand in the way, because the client sees none of them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah {

// The database that DROP DATABASE, ALTER DATABASE ... RENAME or CREATE DATABASE (its template) wants for itself; nothing
// if the text is another statement.
std::optional<std::string> database_to_free(std::string_view sql);

}  // namespace howdah
