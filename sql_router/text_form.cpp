#include "sql_router/text_form.hpp"

#include <algorithm>

namespace howdah {

namespace {

enum class InBlock : std::uint8_t {
  changes_rows,
  same,        // as outside
  concurrent,  // the same, but for CONCURRENTLY, which is refused there
  only,        // refused outside, or without effect
  refused,     // also: another thing there; what is not known
};

// PostgreSQL manual, part VI: "cannot be executed inside a transaction block", "can only be used in", as of version 13.
InBlock in_block(StatementKind kind) {
  using enum StatementKind;
  switch (kind) {
    case insert:
    case update:
    case delete_rows:
    case merge: return InBlock::changes_rows;
    case select:
    case select_into:
    case truncate:
    case comment:
    case security_label:
    case grant:
    case grant_role:
    case alter_default_privileges:
    case drop_owned:
    case reassign_owned:
    case create_table:
    case create_table_as:
    case create_view:
    case create_sequence:
    case create_schema:
    case create_function:
    case create_trigger:
    case create_rule:
    case create_type:
    case create_domain:
    case create_object:
    case create_role:
    case create_extension:
    case create_foreign:
    case create_publication:
    case refresh_materialized_view:
    case notify:
    case alter_sequence:
    case alter_function:
    case alter_type:
    case alter_object:
    case alter_role:
    case alter_extension:
    case alter_foreign:
    case alter_publication:
    case drop_role:
    case drop_user_mapping: return InBlock::same;
    case create_index:
    case alter_table:
    case drop_object: return InBlock::concurrent;
    case set_local:
    case lock_table:
    case savepoint:
    case release:
    case rollback_to: return InBlock::only;
    default: return InBlock::refused;
  }
}

// In a text that is known, code (DO) that leaves its transaction alone is as good as its statements.
InBlock in_known_text(StatementKind kind) { return kind == StatementKind::do_block ? InBlock::same : in_block(kind); }

bool says_concurrently(std::string_view text) {
  constexpr std::string_view kWord = "concurrently";
  return std::search(text.begin(), text.end(), kWord.begin(), kWord.end(), [](char a, char b) { return (a | 0x20) == b; }) != text.end();
}

}  // namespace

bool may_run_in_block(StatementKind kind) { return in_block(kind) != InBlock::refused; }

void TextForm::add(StatementKind kind, TransactionControl transaction) {
  const InBlock form = in_known_text(kind);
  may_be_concurrent_ |= form == InBlock::concurrent;
  has_more_than_changes_ |= form == InBlock::same || form == InBlock::concurrent;
  notifies_ |= kind == StatementKind::notify;
  is_begun_ |= part_ == Part::nothing && kind == StatementKind::begin;
  part_ = next(kind, transaction);
}

TextForm::Part TextForm::next(StatementKind kind, TransactionControl transaction) const {
  if (part_ == Part::ended || part_ == Part::other) return Part::other;
  if (kind == StatementKind::begin) return part_ == Part::nothing ? Part::inside : Part::other;
  if (transaction == TransactionControl::commit) return part_ == Part::nothing ? Part::other : Part::ended;
  switch (in_known_text(kind)) {
    case InBlock::refused: return Part::other;
    case InBlock::only: return Part::inside;
    default: return part_ == Part::inside ? Part::inside : Part::outside;
  }
}

void TextForm::note_code(bool may_end_transaction) { may_end_inside_ |= may_end_transaction; }

void TextForm::tell(std::string_view text, Traits& traits) const {
  traits.notifies = notifies_;
  if (may_end_inside_) return;
  if (may_be_concurrent_ && says_concurrently(text)) return;
  traits.fits_in_block = part_ == Part::outside;
  traits.is_whole_transaction = part_ == Part::ended && is_begun_;
  traits.ends_with_commit = part_ == Part::ended && !is_begun_;
  traits.only_changes_rows = (traits.fits_in_block || traits.is_whole_transaction) && !has_more_than_changes_;
}

}  // namespace howdah
