#include "sql_router/text_form.hpp"

namespace howdah {

void TextForm::add(StatementKind kind, TransactionControl transaction) {
  has_select_ |= kind == StatementKind::select;
  part_ = next(kind, transaction);
}

TextForm::Part TextForm::next(StatementKind kind, TransactionControl transaction) const {
  switch (kind) {
    case StatementKind::select:
    case StatementKind::insert:
    case StatementKind::update:
    case StatementKind::delete_rows:
    case StatementKind::merge:
      if (part_ == Part::begun) return part_;
      return part_ == Part::nothing || part_ == Part::rows ? Part::rows : Part::other;
    case StatementKind::set_local:
    case StatementKind::lock_table: return part_ == Part::begun ? part_ : Part::other;
    case StatementKind::begin: return part_ == Part::nothing ? Part::begun : Part::other;
    default: return part_ == Part::begun && transaction == TransactionControl::commit ? Part::ended : Part::other;
  }
}

}  // namespace howdah
