// The console's commands as PgBouncer reads them: one command per message, CMD [ARGUMENT] or SET key = value, in any case.
// Words are letters, digits and underscores, or "quoted". Beyond PgBouncer, a leading comment is skipped.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace howdah::pcp {

struct ConsoleCommand {
  std::string name;                          // in lower case; SELECT is SHOW
  std::optional<std::string> argument = {};  // as written, without quotes; of SET: the key
  std::optional<std::string> value = {};     // of SET
  bool has_one_argument = true;  // false: more follows, which only commands that are merely tolerated may have
  std::string rest = {};         // everything behind the name
};

// An error is PgBouncer's for a text that is no command.
Result<ConsoleCommand> parse_console_command(std::string_view text);

Error invalid_command(std::string_view text);

// Names of commands, reports and settings are compared so.
std::string to_lower(std::string_view text);

}  // namespace howdah::pcp
