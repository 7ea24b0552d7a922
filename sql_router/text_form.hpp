// What the statements of a text are together: told one after the other, then asked (Traits says what for).
#pragma once

#include <cstdint>

#include "sql_router/traits.hpp"

namespace howdah {

class TextForm {
 public:
  void add(StatementKind kind, TransactionControl transaction);

  bool is_about_rows() const { return part_ == Part::rows; }
  bool is_whole_transaction() const { return part_ == Part::ended; }
  bool only_changes_rows() const { return (is_about_rows() || is_whole_transaction()) && !has_select_; }

 private:
  enum class Part : std::uint8_t { nothing, rows, begun, ended, other };
  Part next(StatementKind kind, TransactionControl transaction) const;

  Part part_ = Part::nothing;
  bool has_select_ = false;
};

}  // namespace howdah
