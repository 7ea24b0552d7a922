#include "gateway/session/reset_query.hpp"

#include <array>

#include "sql_router/classifier.hpp"

namespace howdah {

namespace {

struct UnpinRow {
  Unpin unpin;
  PinReason removes;
};

constexpr std::array kUnpins{
    UnpinRow{Unpin::discard_sequences, PinReason::sequence_state},
    UnpinRow{Unpin::discard_temp, PinReason::temp_table},
    UnpinRow{Unpin::reset_all, PinReason::setting},
    UnpinRow{Unpin::reset_session_authorization, PinReason::session_authorization},
    UnpinRow{Unpin::unlisten_all, PinReason::listen},
    UnpinRow{Unpin::deallocate_all, PinReason::prepared},
    UnpinRow{Unpin::close_all, PinReason::hold_cursor},
};

// Neither DISCARD ALL nor anything else takes it from a server connection.
bool is_beyond_reset(PinReason reason) {
  return reason == PinReason::load || reason == PinReason::seed || reason == PinReason::replication;
}

}  // namespace

PinReasons taken_away(Unpins done) {
  PinReasons all;
  for (std::size_t i = 0; done.has(Unpin::discard_all) && i < kPinReasonCount; ++i)
    if (const auto reason = static_cast<PinReason>(i); !is_beyond_reset(reason)) all.add(reason);
  for (const UnpinRow& row : kUnpins)
    if (done.has(row.unpin)) all.add(row.removes);
  return all;
}

ResetQuery read_reset_query(std::string_view sql) {
  const Traits traits = classify(sql, {});
  return {.sql = std::string(sql), .steps = traits.steps, .undone = taken_away(traits.unpins), .drops_statements = traits.drops_statements};
}

}  // namespace howdah
