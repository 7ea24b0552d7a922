#include "gateway/session/statement_catalog.hpp"

#include <fmt/format.h>

namespace howdah {

namespace {

constexpr std::string_view kPrefix = "howdah_";
constexpr unsigned kWorkerShift = 40;  // room for 10^12 statements per worker

std::string key_of(std::string_view scope, std::string_view sql, Bytes types) {
  std::string key(scope);
  key += as_text(types);
  key += sql;
  return key;
}

}  // namespace

PreparedStatementPtr StatementCatalog::intern(std::string_view scope, std::string_view sql, Bytes types,
                                              const TraitsPtr& traits) {
  std::string key = key_of(scope, sql, types);
  const auto found = by_text_.find(key);
  if (found != by_text_.end()) {
    found->second->traits = traits;
    return found->second;
  }
  if (by_text_.size() >= capacity_) drop_unused();
  auto statement = std::make_shared<PreparedStatement>();
  statement->number = std::uint64_t{worker_} << kWorkerShift | next_number_++;
  statement->name = catalog_name(statement->number);
  statement->scope = std::string(scope);
  statement->sql = std::string(sql);
  statement->types = std::string(as_text(types));
  statement->traits = traits;
  by_text_.emplace(std::move(key), statement);
  return statement;
}

bool StatementCatalog::is_accepted(std::string_view scope, std::string_view sql, Bytes types) const {
  const auto found = by_text_.find(key_of(scope, sql, types));
  return found != by_text_.end() && found->second->is_accepted;
}

void StatementCatalog::retire(const PreparedStatement& statement) {
  const auto found = by_text_.find(key_of(statement.scope, statement.sql, as_bytes(statement.types)));
  if (found != by_text_.end() && found->second.get() == &statement) by_text_.erase(found);
}

void StatementCatalog::drop_unused() {
  std::erase_if(by_text_, [](const auto& entry) { return entry.second.use_count() == 1; });
  // Dropped ones are interned anew under another name; servers close the old ones as their own limit is reached.
}

std::string catalog_name(std::uint64_t number) { return fmt::format("{}{:x}", kPrefix, number); }

bool looks_like_catalog_name(std::string_view name) { return name.starts_with(kPrefix); }

}  // namespace howdah
