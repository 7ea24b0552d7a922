#include "sql_router/catalog/catalog_change.hpp"

#include <algorithm>
#include <array>

namespace howdah {

namespace {

bool mentions(std::string_view text, std::string_view word) {
  const auto is_same = [](char a, char b) { return (a | 0x20) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), is_same) != text.end();
}

}  // namespace

CatalogChange catalog_change_of(StatementKind kind) {
  switch (kind) {
    case StatementKind::create_table:
    case StatementKind::create_table_as:
    case StatementKind::select_into:
    case StatementKind::create_sequence:
    case StatementKind::drop_object:
    case StatementKind::commit_prepared:  // of whatever was in it
      return CatalogChange::adds;
    case StatementKind::create_view:
    case StatementKind::create_schema:  // its elements may be anything
    case StatementKind::create_function:
    case StatementKind::create_domain:
    case StatementKind::alter_type:
    case StatementKind::create_rule:  // ON SELECT makes a view of a table
    case StatementKind::create_object:
    case StatementKind::create_extension:
    case StatementKind::create_foreign:
    case StatementKind::alter_table:
    case StatementKind::alter_sequence:
    case StatementKind::alter_function:
    case StatementKind::alter_object:
    case StatementKind::alter_database:
    case StatementKind::alter_extension:
      return CatalogChange::changes;
    case StatementKind::unknown:
    case StatementKind::drop_owned:
      return CatalogChange::plans;
    default:  // the kinds from there on are DDL
      return kind >= StatementKind::create_table ? CatalogChange::plans : CatalogChange::none;
  }
}

CatalogChange catalog_change_of(std::string_view unread_text) {
  constexpr auto kWords = std::to_array<std::string_view>({"create", "alter", "drop", "import", "do"});
  const bool may_define =
      std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return mentions(unread_text, word); });
  return may_define ? CatalogChange::changes : CatalogChange::none;
}

}  // namespace howdah
