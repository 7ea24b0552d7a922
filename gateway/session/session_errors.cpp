#include "gateway/session/session_errors.hpp"

#include <fmt/format.h>

#include <string>

namespace howdah::session {

Error statement_mode_error() {
  return {.code = ErrorCode::statement_mode_transaction,
          .message = "transaction blocks not allowed in statement pooling mode",
          .hint = "pool_mode = transaction allows them, also for this database (database_pool_modeN) or user (user_pool_modeN)."};
}

Error undone_error() {
  return Error{.code = ErrorCode::transaction_lost,
               .message = "the server connection was lost, and nothing was changed",
               .hint = "Run the statement again."};
}

Error no_statement(std::string_view name) {
  const std::string which = name.empty() ? "unnamed prepared statement" : fmt::format("prepared statement \"{}\"", name);
  return Error{ErrorCode::statement_unknown, which + " does not exist"};
}

Error statement_exists(std::string_view name) {
  return Error{ErrorCode::statement_exists, fmt::format("prepared statement \"{}\" already exists", name)};
}

}  // namespace howdah::session
