// One parse and the memory it lives in. For the pg_query_* files only; on one thread, and not nested.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "sql_router/catalog/sql_tokens.hpp"
#include "sql_router/pg_query_nodes.hpp"

namespace howdah {

class Parse {
 public:
  // libpg_query does not look past a comment inside word pairs such as WITH ORDINALITY, where the server does: what it does
  // not take is tried without comments. Places in the text stay what they were.
  explicit Parse(const char* sql) : context_(pg_query_enter_memory_context()), result_(pg_query_raw_parse(sql)) {
    if (is_good()) return;
    plain_ = without_comments(sql);
    if (!plain_) return;
    free_result();
    result_ = pg_query_raw_parse(plain_->c_str());
  }
  ~Parse() {
    free_result();
    pg_query_exit_memory_context(context_);
  }
  Parse(const Parse&) = delete;
  Parse& operator=(const Parse&) = delete;

  bool is_good() const { return result_.error == nullptr; }
  const List* statements() const { return result_.tree; }

 private:
  void free_result() {
    if (result_.error != nullptr) pg_query_free_error(result_.error);
    std::free(result_.stderr_buffer);  // the library's strdup
  }

  MemoryContext context_;
  PgQueryInternalParsetreeAndError result_;
  std::optional<std::string> plain_;
};

}  // namespace howdah
