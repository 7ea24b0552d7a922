// The SQL parser behind a small interface: it tells a visitor what stands in a text, statement by statement, without
// judging. Only the pg_query_* files see libpg_query and PostgreSQL's node headers.
// Safe from every thread at once; names handed out are borrowed for the duration of the call.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql_router/traits.hpp"

namespace howdah {

// One statement of the string. The parts inside it are told afterwards, by the other calls.
struct StatementHead {
  StatementKind kind = StatementKind::unknown;
  bool runs_its_inner = true;  // false: EXPLAIN without ANALYZE only plans it
  TransactionControl transaction = TransactionControl::none;
  TransactionModes modes = {};
  ModesScope modes_scope = ModesScope::none;
  CopyDirection copy = CopyDirection::none;
  PinReasons pins = {};
  Unpins unpins = {};
  std::vector<SessionStep> steps = {};
  bool are_calls_told = false;  // `steps` says what its calls of set_config do
  std::string setting = {};  // SET, RESET, SHOW: lower case, because names of parameters are, even quoted
  std::string_view prepared_name = {};
  std::string_view gid = {};  // of a two-phase commit
  bool has_plain_arguments = false;  // EXECUTE, EXPLAIN EXECUTE with nothing but constants and parameters
};

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  virtual void on_statement(const StatementHead& head) = 0;
  // The schema is empty if not qualified, `constant` if the first argument is not a plain string constant.
  virtual void on_function(std::string_view schema, std::string_view name, std::string_view constant) = 0;
  // A function that is called without its name: by an operator ("<~~"), a cast ("::type") or as a column (".name"). Who does
  // not want them is told of the first alone, without its name.
  virtual bool wants_uses() const = 0;
  virtual void on_use(std::string_view schema, std::string_view mark, std::string_view name) = 0;
  virtual void on_local_set_config() = 0;  // set_config(..., true) is not told by on_function
  virtual void on_relation(std::string_view schema, std::string_view name) = 0;  // also names of CTEs
  virtual void on_common_table(std::string_view name) = 0;  // WITH name AS ...
  virtual void on_code(std::string_view language, std::string_view text) = 0;  // DO; no language: PL/pgSQL
  virtual void on_write(StatementKind kind) = 0;  // INSERT, UPDATE, DELETE, MERGE, SELECT INTO, at any depth
  virtual void on_statement_name(std::string_view name) = 0;  // PREPARE, EXECUTE, DEALLOCATE of it, at any depth
  virtual void on_row_lock() = 0;                 // FOR UPDATE and its kin
  virtual void on_transaction_time() = 0;         // CURRENT_TIMESTAMP and its kin
  virtual void on_unknown_part() = 0;             // something the walk does not know: it may be anything
};

// `text` ends with a NUL. Never too_long; the caller looks at the length.
ParseOutcome visit_statements(const char* text, TreeVisitor& visitor);

// Of a text that is one PREPARE: the statement it prepares. Of others nothing is told.
ParseOutcome visit_prepared(const char* text, TreeVisitor& visitor);

// Where each statement ends (its `;`, or the text's length); empty if the text does not parse.
std::vector<std::size_t> statement_ends(const char* text);

// Where the first statement of several ends (its `;`); the text's length if it is the only one; nothing if the text
// does not parse or is empty.
std::optional<std::size_t> first_statement_end(const char* text);

}  // namespace howdah
