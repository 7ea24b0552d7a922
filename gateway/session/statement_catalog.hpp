// Prepared statements by what they are: one entry per text, parameter types and scope (database, user and search_path: in
// another the same text is another statement), shared by all clients of a worker, under one server-side name, so that a
// server connection prepares each once whoever uses it. An entry lives as long as
// somebody holds it, or until the catalog has too many. Numbers are never used twice, and names carry the worker's
// number because a server connection may move to another worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/bytes.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

struct PreparedStatement {
  std::uint64_t number = 0;  // unique in the process: the worker is its upper half
  std::string name;          // on the server
  std::string scope;
  std::string sql;
  std::string types;         // as in Parse: count and object ids; empty: sql is a PREPARE, to be run as it is
  TraitsPtr traits;          // of what is prepared
  bool is_accepted = false;  // the newest server to be asked has taken it: what is wrong with it shows when it is bound

  bool is_sql() const { return types.empty(); }
};

using PreparedStatementPtr = std::shared_ptr<PreparedStatement>;  // shared: several clients use one statement

class StatementCatalog {
 public:
  StatementCatalog(std::uint32_t worker, std::size_t capacity) : worker_(worker), capacity_(capacity) {}

  PreparedStatementPtr intern(std::string_view scope, std::string_view sql, Bytes types, const TraitsPtr& traits);
  bool is_accepted(std::string_view scope, std::string_view sql, Bytes types) const;
  // From now on the same text gets a new name: what the server knows under the old one is out of date.
  void retire(const PreparedStatement& statement);
  std::size_t size() const { return by_text_.size(); }

 private:
  void drop_unused();

  std::uint32_t worker_;
  std::size_t capacity_;
  std::uint64_t next_number_ = 1;
  std::unordered_map<std::string, PreparedStatementPtr> by_text_;  // key: scope, types, text
};

// The server-side name of a statement.
std::string catalog_name(std::uint64_t number);

// True for names that could be mistaken for ours.
bool looks_like_catalog_name(std::string_view name);

}  // namespace howdah
