// What a failed connection means, from PostgreSQL's SQLSTATE and words (manual, appendix A; the words are those of
// postmaster.c, which libpq passes on without their SQLSTATE when a login is refused).
#pragma once

#include <string_view>

#include "health/events.hpp"

namespace howdah::health {

// `message` may be in any language where SQLSTATE decides; an unknown failure of a login is `other`.
FailureKind classify_failure(std::string_view sqlstate, std::string_view message);

// The server answers, only not what was asked.
bool is_alive_but_closed(FailureKind kind);
// The server says that it starts, stops or recovers.
bool is_restarting(FailureKind kind);

}  // namespace howdah::health
