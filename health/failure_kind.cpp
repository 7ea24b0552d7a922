#include "health/failure_kind.hpp"

#include <array>

namespace howdah::health {

namespace {

using enum FailureKind;

struct StateRow {
  std::string_view sqlstate_prefix;
  FailureKind kind;
};
constexpr std::array kStates{
    StateRow{"57P01", shutting_down}, StateRow{"57P02", crash_restart}, StateRow{"53300", slots_exhausted},
    StateRow{"28", login_failed},     StateRow{"3D000", login_failed},  StateRow{"42501", login_failed},
    StateRow{"08", lost},
};

struct WordsRow {
  std::string_view words;
  FailureKind kind;
};
constexpr std::array kWords{
    WordsRow{"is in recovery mode", crash_restart},
    WordsRow{"crash of another server process", crash_restart},
    WordsRow{"is shutting down", shutting_down},
    WordsRow{"due to administrator command", shutting_down},
    WordsRow{"unexpected postmaster exit", lost},
    WordsRow{"is starting up", starting_up},
    WordsRow{"not yet accepting connections", starting_up},
    WordsRow{"not accepting connections", starting_up},
    WordsRow{"too many clients", slots_exhausted},
    WordsRow{"remaining connection slots", slots_exhausted},
    WordsRow{"too many connections", slots_exhausted},
    WordsRow{"password authentication failed", login_failed},
    WordsRow{"authentication failed", login_failed},
    WordsRow{"no pg_hba.conf entry", login_failed},
    WordsRow{"no password supplied", login_failed},
    WordsRow{"does not exist", login_failed},
    WordsRow{"Connection refused", refused},
    WordsRow{"No such file or directory", refused},
    WordsRow{"No route to host", timeout},
    WordsRow{"Network is unreachable", timeout},
    WordsRow{"timeout expired", timeout},
    WordsRow{"Connection timed out", timeout},
    WordsRow{"server closed the connection", lost},
    WordsRow{"Connection reset", lost},
    WordsRow{"Broken pipe", lost},
};

}  // namespace

FailureKind classify_failure(std::string_view sqlstate, std::string_view message) {
  for (const WordsRow& row : kWords)
    if (row.kind == lost && message.find(row.words) != std::string_view::npos && sqlstate == "57P01") return lost;
  if (!sqlstate.empty() && sqlstate != "57P03")
    for (const StateRow& row : kStates)
      if (sqlstate.starts_with(row.sqlstate_prefix)) return row.kind;
  for (const WordsRow& row : kWords)
    if (message.find(row.words) != std::string_view::npos) return row.kind;
  return sqlstate == "57P03" ? starting_up : other;
}

bool is_alive_but_closed(FailureKind kind) { return kind == login_failed || kind == slots_exhausted; }

bool is_restarting(FailureKind kind) { return kind == starting_up || kind == shutting_down || kind == crash_restart; }

}  // namespace howdah::health
