// Where the coordinator stands, as a table: phases, what each means, which changes are legal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace howdah::failover {

enum class Phase {
  starting,    // no primary known yet since Howdah started
  steady,      // a primary is known and answers
  suspect,     // the primary does not answer; its retries are running
  confirming,  // the primary is judged dead; the standbys are asked whether they still hear it
  freezing,    // native: standbys stop receiving and replay what they have
  promoting,   // native: the elected standby is told to promote until it is out of recovery
  following,   // a new primary is published; the other standbys are pointed at it
  commanding,  // command: failover_command runs
  searching,   // someone was to promote: waiting for a node that left recovery
  switching,   // planned: the old primary is closed, the candidate catches up
  holding,     // a step failed or a guard objects: waiting, then trying again
};
inline constexpr std::size_t kPhases = 11;

struct PhaseRow {
  Phase phase;
  std::string_view name;
  std::string_view meaning;
  std::string_view after_crash;  // what a crash of Howdah in this phase leaves behind
};

const PhaseRow& row_of(Phase phase);
bool is_legal(Phase from, Phase to);

// The tables in README.md; a test compares them.
std::string render_phase_tables();

}  // namespace howdah::failover
