#include "tests/sim/sim_statement.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace howdah::sim {

namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// The first number behind `mark`.
std::int64_t number_after(std::string_view text, std::string_view mark) {
  auto at = text.find(mark);
  if (at == std::string_view::npos) return 0;
  at = text.find_first_of("-0123456789", at + mark.size());
  if (at == std::string_view::npos) return 0;
  std::int64_t number = 0;
  std::from_chars(text.data() + at, text.data() + text.size(), number);
  return number;
}

Statement select(std::string_view sql) {
  if (has(sql, "pg_current_xact_id")) return {.verb = Verb::xid, .assigns = !has(sql, "_if_assigned")};
  if (has(sql, "pg_my_temp_schema")) return {Verb::look};
  const auto begin = sql.find('\'');
  if (begin == std::string_view::npos) return {Verb::other, "SELECT 0"};
  Statement statement{Verb::list, std::string(sql.substr(begin + 1, sql.find('\'', begin + 1) - begin - 1))};
  if (has(sql, "sum(balance)")) statement.verb = Verb::sum;
  else if (has(sql, "FROM accounts")) statement.verb = Verb::balance;
  else if (has(sql, "FROM notes")) statement.verb = Verb::notes;
  statement.key = number_after(sql, "WHERE id = ");
  statement.locks = has(sql, "FOR UPDATE");
  return statement;
}

Statement update(std::string_view sql) {
  Statement statement{Verb::append, {}, number_after(sql, "WHERE id = "), number_after(sql, "|| ")};
  if (!has(sql, "accounts")) return statement;
  const bool is_relative = has(sql, "balance + ");
  statement.verb = is_relative ? Verb::add_balance : Verb::set_balance;
  statement.value = number_after(sql, is_relative ? "balance + " : "balance = ");
  return statement;
}

}  // namespace

Statement parse_statement(std::string_view sql) {
  if (sql.starts_with("SELECT")) return select(sql);
  if (sql.starts_with("UPDATE")) return update(sql);
  if (sql.starts_with("INSERT INTO notes")) return {Verb::put_note, {}, number_after(sql, "VALUES")};
  if (sql.starts_with("INSERT")) return {Verb::insert, {}, number_after(sql, "VALUES")};
  if (sql.starts_with("COPY")) return {Verb::copy};
  if (sql.starts_with("CREATE TEMP")) return {Verb::make_notes};
  if (sql.starts_with("DISCARD")) return {Verb::discard};
  if (sql.starts_with("BEGIN") || sql.starts_with("START")) return {Verb::begin};
  if (sql.starts_with("COMMIT") || sql.starts_with("END")) return {Verb::commit};
  if (sql.starts_with("ROLLBACK")) return {Verb::rollback};
  return {Verb::other, std::string(sql.substr(0, sql.find(' ')))};
}

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> statements;
  std::string one;
  bool is_quoted = false;
  for (const char c : sql) {
    if (c == '\'') is_quoted = !is_quoted;
    if (c == ';' && !is_quoted) {
      if (!one.empty()) statements.push_back(std::exchange(one, {}));
    } else if (!one.empty() || c != ' ') {
      one.push_back(c);
    }
  }
  if (!one.empty()) statements.push_back(std::move(one));
  return statements;
}

}  // namespace howdah::sim
