// Roles nobody can ask for: many a configuration names no user for the checks, or a wrong one, and says by ALWAYS_PRIMARY who
// the primary is. A login that is refused then counts as an answer, with the roles as declared and nothing known of
// positions. What a server has really said before counts more.
#pragma once

#include <optional>

#include "health/tracker.hpp"

namespace howdah::health {

// Nothing if the failure is another, or the configuration declares no primary.
std::optional<ProbeAnswered> declared_answer(const NodeFacts& node, const ProbeFailed& failure, const HealthOptions& options);

}  // namespace howdah::health
