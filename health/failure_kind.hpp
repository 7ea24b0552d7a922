// What a failed connection means, from PostgreSQL's SQLSTATE and words (manual, appendix A; the words are those of
// postmaster.c, which libpq passes on without their SQLSTATE when a login is refused).
#pragma once

#include <string_view>

#include "health/events.hpp"

namespace howdah::health {

// `message` may be in any language where SQLSTATE decides; an unknown failure of a login is `other`.
FailureKind classify_failure(std::string_view sqlstate, std::string_view message);

}  // namespace howdah::health
