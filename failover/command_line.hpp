// Fills the placeholders of failover_command, failback_command and follow_primary_command (%d %h %p %D %m %H %M %P %r %R
// %N %S %%, as in Pgpool). Operators write shell text (`>`, `|`, `&&`), so the result is for /bin/sh -c, as with Pgpool; but a value is
// inserted so that the shell can only take it as text, whatever quotes the operator put around the placeholder. Values
// of plain characters are inserted bare, so the usual command looks as it always did.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "health/health_options.hpp"

namespace howdah::failover {

// The nodes a command speaks of; null where there is none (ids become -1, texts "").
struct CommandNodes {
  const health::NodeOptions* subject = nullptr;      // %d %h %p %D: went down, came back, or shall follow
  const health::NodeOptions* new_main = nullptr;     // %m %H %r %R: new main node, for follow_primary the new primary
  const health::NodeOptions* old_main = nullptr;     // %M: old main node, for follow_primary the old primary
  const health::NodeOptions* old_primary = nullptr;  // %P %N %S
};

std::string expand_command(std::string_view command, const CommandNodes& nodes);

}  // namespace howdah::failover
