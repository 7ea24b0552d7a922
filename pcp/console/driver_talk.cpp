#include "pcp/console/driver_talk.hpp"

#include <algorithm>
#include <array>

namespace howdah::pcp {

namespace {

struct Faked {
  std::string_view name;
  std::string_view value;
};

constexpr auto kFaked = std::to_array<Faked>({
    {"client_encoding", "UTF-8"},
    {"default_transaction_isolation", "read committed"},
    {"standard_conforming_strings", "on"},
    {"datestyle", "ISO"},
    {"timezone", "GMT"},
    // From here on PgBouncer fails.
    {"transaction_isolation", "read committed"},
    {"extra_float_digits", "1"},
    {"application_name", ""},
    {"client_min_messages", "notice"},
    {"search_path", ""},
    {"statement_timeout", "0"},
});

struct TransactionWord {
  std::string_view word;
  std::string_view tag;
};

constexpr auto kTransactionWords = std::to_array<TransactionWord>({
    {"begin", "BEGIN"}, {"start", "START TRANSACTION"}, {"commit", "COMMIT"}, {"end", "COMMIT"}, {"rollback", "ROLLBACK"},
    {"abort", "ROLLBACK"},
});

const Faked* find_faked(std::string_view name) {
  const auto* found = std::ranges::find(kFaked, name, &Faked::name);
  return found == kFaked.end() ? nullptr : found;
}

ConsoleAnswer one_value(std::string_view name, CellType type, std::string_view value) {
  return {.columns = {std::string(name)}, .types = {type}, .rows = {{std::string(value)}}};
}

}  // namespace

std::optional<ConsoleAnswer> answer_driver(const ConsoleCommand& command) {
  for (const TransactionWord& row : kTransactionWords)
    if (row.word == command.name) return ConsoleAnswer{.tag = std::string(row.tag)};
  const std::string rest = to_lower(command.rest);
  if (command.name == "set") {
    if (!command.argument || find_faked(to_lower(*command.argument)) == nullptr) return std::nullopt;
    return ConsoleAnswer{.tag = "SET", .notice = "SET ignored"};
  }
  if (command.name != "show") return std::nullopt;
  if (rest.starts_with("transaction isolation level")) return one_value("transaction_isolation", CellType::text, "read committed");
  if (rest == "1" || rest == "1;") {
    ConsoleAnswer answer = one_value("?column?", CellType::int4, "1");
    answer.tag = "SELECT 1";
    return answer;
  }
  const Faked* faked = command.argument && command.has_one_argument ? find_faked(to_lower(*command.argument)) : nullptr;
  return faked == nullptr ? std::nullopt : std::optional(one_value(faked->name, CellType::text, faked->value));
}

}  // namespace howdah::pcp
