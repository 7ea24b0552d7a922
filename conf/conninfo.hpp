// Changes host and port of a primary_conninfo and keeps everything else (user, passfile, sslmode, application_name ...;
// PostgreSQL manual, "Connection Strings", keyword=value form). The values may hold a password: never log them.
//
// A standby is stopped from receiving by pointing it at a host that cannot exist, rather than by an empty
// primary_conninfo: so the rest stays on the node, and a standby that was left stopped can be recognised and mended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

// A directory for Unix sockets that is not there: connecting to it fails at once and leaves the machine alone.
inline constexpr std::string_view kFrozenHost = "/howdah-frozen";

struct Source {
  std::string host;
  int port = 5432;
};

// Nothing if the text is no keyword=value connection string (also for the URI form, which nobody writes here).
std::optional<Source> source_of(std::string_view conninfo);
std::optional<std::string> with_source(std::string_view conninfo, std::string_view host, int port);

// For programs that are told by arguments, which everybody on the machine can read: the password goes another way.
struct SplitConninfo {
  std::string conninfo;  // without the password
  std::string password;  // empty: there is none
};
std::optional<SplitConninfo> split_password(std::string_view conninfo);

}  // namespace howdah
