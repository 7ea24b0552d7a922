// Every error Howdah itself raises: one row in errors.cpp decides its SQLSTATE, severity, whose fault it is and how
// loudly it is logged, so two places cannot disagree. Errors that PostgreSQL raises pass through untouched and are
// not listed here. SQLSTATEs are those of the PostgreSQL manual, appendix A.
#pragma once

#include <string>
#include <string_view>

#include "base/log.hpp"

namespace howdah {

enum class ErrorCode {
  // keep in the order of kErrorTable
  protocol_violation,
  unsupported_protocol,
  startup_packet_too_large,
  too_many_negotiations,
  login_timeout,
  password_wrong,
  hba_rejected,
  user_missing,
  database_missing,
  startup_parameter_invalid,
  too_many_clients,
  pool_wait_timeout,
  too_many_waiting,
  no_primary,
  no_node,
  backend_login_failed,
  backend_connection_lost,
  backend_protocol_violation,
  transaction_lost,
  commit_unknown,
  session_state_lost,
  query_timeout,
  idle_transaction_timeout,
  transaction_timeout,
  client_idle_timeout,
  statement_mode_transaction,
  feature_not_supported,
  shutting_down,
  startup_option,
  transaction_failed,
  canceled,
  statement_exists,
  statement_unknown,
  portal_unknown,
  command_syntax,
  unknown_parameter,
  parameter_fixed,
  parameter_invalid,
  command_failed,
  console_command,
  configuration,
  environment,
  internal,
};

enum class Severity { error, fatal };
enum class Fault { client, backend, peer_gateway, environment, us };

struct ErrorRow {
  ErrorCode code;
  std::string_view name;      // in logs and metric labels
  std::string_view sqlstate;  // five characters
  Severity severity;          // fatal: the client's connection ends after it
  Fault fault;
  LogLevel log_level;
};

const ErrorRow& row_of(ErrorCode code);

// `message` is what the client or operator reads and says what happened; `hint` says what to do; `detail` is the cause.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string detail = {};
  std::string hint = {};

  const ErrorRow& row() const { return row_of(code); }
};

// "message (detail)" for logs and command lines.
std::string to_text(const Error& error);

}  // namespace howdah
