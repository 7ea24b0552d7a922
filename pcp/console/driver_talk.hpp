// What drivers say to every database on their own account, answered so that they can use the console: transaction control,
// SELECT 1, and a few parameters. PgBouncer knows five of these parameters and nothing of the rest.
#pragma once

#include "pcp/console/answer.hpp"
#include "pcp/console/grammar.hpp"

#include <optional>

namespace howdah::pcp {

// Nothing: the command is the console's own.
std::optional<ConsoleAnswer> answer_driver(const ConsoleCommand& command);

}  // namespace howdah::pcp
