#include "sql_router/login_change.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "sql_router/catalog/sql_tokens.hpp"

namespace howdah {

namespace {

// One statement's, read from the front.
class Statement {
 public:
  explicit Statement(std::span<const Token> tokens) : rest_(tokens) {}

  bool take(std::string_view word) { return !rest_.empty() && rest_.front().is_word(word) && skip(); }
  bool take_symbol(std::string_view symbol) { return !rest_.empty() && rest_.front().is_symbol(symbol) && skip(); }
  std::string take_name() {
    if (rest_.empty() || !rest_.front().is_name()) return {};
    std::string name = rest_.front().text;
    skip();
    return name;
  }
  // ALL, and whoever the session is: everybody is on the safe side.
  std::string take_role() {
    constexpr auto kUnnamed = std::to_array<std::string_view>({"all", "current_user", "current_role", "session_user", "user"});
    const bool is_unnamed = std::any_of(kUnnamed.begin(), kUnnamed.end(), [&](std::string_view word) { return take(word); });
    return is_unnamed ? std::string{} : take_name();
  }
  // What stands behind `word`, wherever that is.
  bool skip_to(std::string_view word) {
    while (!rest_.empty())
      if (take(word)) return true;
      else skip();
    return false;
  }

 private:
  bool skip() {
    rest_ = rest_.subspan(1);
    return true;
  }

  std::span<const Token> rest_;
};

bool take_role_word(Statement& statement) { return statement.take("role") || statement.take("user") || statement.take("group"); }

void read_alter(Statement statement, std::vector<LoginChange>& out) {
  if (statement.take("database")) {
    const std::string database = statement.take_name();
    if (statement.take("set") || statement.take("reset")) out.push_back({.database = database});
  } else if (take_role_word(statement) && !statement.take("mapping")) {
    const std::string role = statement.take_role();
    const bool is_in_one = statement.take("in") && statement.take("database");
    out.push_back({.role = role, .database = is_in_one ? statement.take_name() : std::string{}});
  }
}

void read_drop(Statement statement, std::vector<LoginChange>& out) {
  if (!take_role_word(statement) || statement.take("mapping")) return;
  if (statement.take("if")) statement.take("exists");
  do out.push_back({.role = statement.take_role()});
  while (statement.take_symbol(","));
}

// REVOKE CONNECT: those who are connected already stay.
void read_revoke(Statement statement, std::vector<LoginChange>& out) {
  if (!statement.skip_to("on") || !statement.take("database")) return;
  do out.push_back({.database = statement.take_name()});
  while (statement.take_symbol(","));
}

}  // namespace

std::vector<LoginChange> login_changes_of(std::string_view sql) {
  constexpr std::size_t kLongest = 4096;
  std::vector<LoginChange> out;
  if (sql.size() > kLongest) return out;
  const std::vector<Token> tokens = tokens_of(sql);
  for (auto begin = tokens.begin(); begin != tokens.end();) {
    const auto end = std::find_if(begin, tokens.end(), [](const Token& token) { return token.is_symbol(";"); });
    Statement statement({begin, end});
    if (statement.take("alter")) read_alter(statement, out);
    else if (statement.take("drop")) read_drop(statement, out);
    else if (statement.take("revoke")) read_revoke(statement, out);
    begin = end == tokens.end() ? end : std::next(end);
  }
  return out;
}

}  // namespace howdah
