// What the statements of a text are together: told one after the other, then asked (Traits says what for).
#pragma once

#include <cstdint>
#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

bool may_run_in_block(StatementKind kind);  // BEGIN ... COMMIT, and be told from its ends

class TextForm {
 public:
  void add(StatementKind kind, TransactionControl transaction);
  void note_code(bool may_end_transaction);  // of a DO
  // Some commands stay out of transaction blocks for one word in the text.
  void tell(std::string_view text, Traits& traits) const;

 private:
  // `outside`: what may as well run in a block; `inside`: also what may run in a block only.
  enum class Part : std::uint8_t { nothing, outside, inside, ended, other };
  Part next(StatementKind kind, TransactionControl transaction) const;

  Part part_ = Part::nothing;
  bool is_begun_ = false;  // by the first statement
  bool may_be_concurrent_ = false;
  bool has_more_than_changes_ = false;
  bool notifies_ = false;
  bool may_end_inside_ = false;  // some DO its transaction
};

}  // namespace howdah
