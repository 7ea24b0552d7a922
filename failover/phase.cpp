#include "failover/phase.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::failover {

namespace {

using enum Phase;

constexpr std::array kRows{
    PhaseRow{starting, "starting", "no primary known yet since Howdah started", "nothing"},
    PhaseRow{steady, "steady", "a primary is known and answers; standbys that lost it are pointed at it again",
             "a standby left frozen: mended after the restart"},
    PhaseRow{suspect, "suspect", "the primary does not answer; its retries are running", "nothing"},
    PhaseRow{confirming, "confirming", "the primary is judged dead; the standbys are asked whether they hear it",
             "short wal_receiver_timeout on standbys"},
    PhaseRow{freezing, "freezing", "native: standbys stop receiving and replay what they have; then the election",
             "frozen standbys: the restart finds the primary dead and goes on, or alive and points them at it"},
    PhaseRow{promoting, "promoting", "native: the elected one is told to promote until it has left recovery",
             "a standby that may have become primary: its higher timeline is found after the restart"},
    PhaseRow{following, "following", "a new primary is published; the other standbys are pointed at it",
             "frozen standbys: mended after the restart"},
    PhaseRow{commanding, "commanding", "command: failover_command runs", "the command, running on by itself"},
    PhaseRow{searching, "searching", "someone is to promote: waiting for a node that has left recovery", "nothing"},
    PhaseRow{switching, "switching", "planned: transactions end, the old primary is closed, the candidate catches up",
             "a read-only primary: named in howdah_status, opened again after the restart"},
    PhaseRow{holding, "holding", "a step failed: waiting a moment, then trying again", "as the phase before it"},
};

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].phase) != i) return false;
  return kRows.size() == kPhases;
}
static_assert(is_in_order());

struct PhaseChange {
  Phase from;
  Phase to;
  std::string_view cause;
};

constexpr std::array kChanges{
    PhaseChange{starting, steady, "primary found"},
    PhaseChange{starting, confirming, "the kept primary stays away"},
    PhaseChange{steady, suspect, "primary does not answer"},
    PhaseChange{steady, confirming, "primary judged dead"},
    PhaseChange{steady, searching, "primary became a standby"},
    PhaseChange{steady, following, "somebody promoted"},
    PhaseChange{steady, switching, "operator"},
    PhaseChange{suspect, steady, "answers again"},
    PhaseChange{suspect, confirming, "primary judged dead"},
    PhaseChange{suspect, following, "somebody promoted"},
    PhaseChange{confirming, steady, "primary answers again"},
    PhaseChange{confirming, following, "somebody promoted"},
    PhaseChange{confirming, freezing, "native, no objection"},
    PhaseChange{confirming, commanding, "command, no objection"},
    PhaseChange{confirming, searching, "promotion is not ours"},
    PhaseChange{freezing, promoting, "elected"},
    PhaseChange{freezing, following, "primary answers again, or somebody promoted"},
    PhaseChange{freezing, holding, "a standby cannot be frozen, or is missing"},
    PhaseChange{promoting, following, "winner has left recovery"},
    PhaseChange{promoting, holding, "winner died"},
    PhaseChange{following, steady, "all follow, or waited long enough"},
    PhaseChange{following, suspect, "primary does not answer"},
    PhaseChange{following, confirming, "primary judged dead"},
    PhaseChange{following, searching, "primary became a standby"},
    PhaseChange{commanding, searching, "command ended"},
    PhaseChange{commanding, following, "new primary seen"},
    PhaseChange{searching, following, "new primary seen"},
    PhaseChange{searching, steady, "old primary answers again"},
    PhaseChange{switching, promoting, "candidate has everything"},
    PhaseChange{switching, following, "given up"},
    PhaseChange{switching, suspect, "primary died"},
    PhaseChange{holding, confirming, "next try"},
    PhaseChange{holding, following, "primary answers again, or somebody promoted"},
};

}  // namespace

const PhaseRow& row_of(Phase phase) { return kRows[static_cast<std::size_t>(phase)]; }

bool is_legal(Phase from, Phase to) {
  for (const PhaseChange& change : kChanges)
    if (change.from == from && change.to == to) return true;
  return false;
}

std::string render_phase_tables() {
  std::string text = "| phase | meaning | a crash of Howdah here leaves behind |\n|---|---|---|\n";
  for (const PhaseRow& row : kRows) text += fmt::format("| {} | {} | {} |\n", row.name, row.meaning, row.after_crash);
  text += "\n| from | to (why) |\n|---|---|\n";
  for (const PhaseRow& row : kRows) {
    std::string targets;
    for (const PhaseChange& change : kChanges)
      if (change.from == row.phase)
        targets += fmt::format("{}{} ({})", targets.empty() ? "" : ", ", row_of(change.to).name, change.cause);
    text += fmt::format("| {} | {} |\n", row.name, targets);
  }
  return text;
}

}  // namespace howdah::failover
