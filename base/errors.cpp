#include "base/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace howdah {

namespace {

using enum ErrorCode;

constexpr std::array kErrorTable{
    ErrorRow{protocol_violation, "protocol_violation", "08P01", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{unsupported_protocol, "unsupported_protocol", "0A000", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{startup_packet_too_large, "startup_packet_too_large", "08P01", Severity::fatal, Fault::client,
             LogLevel::info},
    ErrorRow{too_many_negotiations, "too_many_negotiations", "08P01", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{login_timeout, "login_timeout", "57014", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{password_wrong, "password_wrong", "28P01", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{hba_rejected, "hba_rejected", "28000", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{user_missing, "user_missing", "28000", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{database_missing, "database_missing", "3D000", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{startup_parameter_invalid, "startup_parameter_invalid", "22023", Severity::fatal, Fault::client,
             LogLevel::info},
    ErrorRow{too_many_clients, "too_many_clients", "53300", Severity::fatal, Fault::environment, LogLevel::warn},
    ErrorRow{pool_wait_timeout, "pool_wait_timeout", "53300", Severity::error, Fault::environment, LogLevel::warn},
    ErrorRow{too_many_waiting, "too_many_waiting", "53300", Severity::error, Fault::environment, LogLevel::warn},
    ErrorRow{no_primary, "no_primary", "57P03", Severity::error, Fault::environment, LogLevel::warn},
    ErrorRow{no_node, "no_node", "57P03", Severity::error, Fault::environment, LogLevel::warn},
    ErrorRow{backend_login_failed, "backend_login_failed", "08006", Severity::fatal, Fault::backend, LogLevel::warn},
    ErrorRow{backend_connection_lost, "backend_connection_lost", "08006", Severity::error, Fault::backend,
             LogLevel::warn},
    ErrorRow{backend_protocol_violation, "backend_protocol_violation", "08P01", Severity::fatal, Fault::backend,
             LogLevel::error},
    ErrorRow{transaction_lost, "transaction_lost", "40001", Severity::error, Fault::backend, LogLevel::info},
    ErrorRow{commit_unknown, "commit_unknown", "08007", Severity::error, Fault::backend, LogLevel::warn},
    ErrorRow{session_state_lost, "session_state_lost", "57P01", Severity::fatal, Fault::backend, LogLevel::info},
    ErrorRow{query_timeout, "query_timeout", "57014", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{idle_transaction_timeout, "idle_transaction_timeout", "25P03", Severity::fatal, Fault::client,
             LogLevel::info},
    ErrorRow{transaction_timeout, "transaction_timeout", "25P04", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{client_idle_timeout, "client_idle_timeout", "57P05", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{statement_mode_transaction, "statement_mode_transaction", "0A000", Severity::error, Fault::client,
             LogLevel::info},
    ErrorRow{feature_not_supported, "feature_not_supported", "0A000", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{shutting_down, "shutting_down", "57P01", Severity::fatal, Fault::environment, LogLevel::info},
    ErrorRow{startup_option, "startup_option", "42601", Severity::fatal, Fault::client, LogLevel::info},
    ErrorRow{transaction_failed, "transaction_failed", "25P02", Severity::error, Fault::client, LogLevel::debug},
    ErrorRow{canceled, "canceled", "57014", Severity::error, Fault::client, LogLevel::debug},
    ErrorRow{statement_exists, "statement_exists", "42P05", Severity::error, Fault::client, LogLevel::debug},
    ErrorRow{statement_unknown, "statement_unknown", "26000", Severity::error, Fault::client, LogLevel::debug},
    ErrorRow{portal_unknown, "portal_unknown", "34000", Severity::error, Fault::client, LogLevel::debug},
    ErrorRow{command_syntax, "command_syntax", "42601", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{unknown_parameter, "unknown_parameter", "42704", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{parameter_fixed, "parameter_fixed", "55P02", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{parameter_invalid, "parameter_invalid", "22023", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{command_failed, "command_failed", "55000", Severity::error, Fault::client, LogLevel::info},
    // The one SQLSTATE that PgBouncer's console knows.
    ErrorRow{console_command, "console_command", "08P01", Severity::error, Fault::client, LogLevel::info},
    ErrorRow{configuration, "configuration", "F0000", Severity::fatal, Fault::environment, LogLevel::error},
    ErrorRow{environment, "environment", "58000", Severity::fatal, Fault::environment, LogLevel::error},
    ErrorRow{internal, "internal", "XX000", Severity::fatal, Fault::us, LogLevel::error},
};

consteval bool is_in_order() {
  for (std::size_t i = 0; i < kErrorTable.size(); ++i)
    if (static_cast<std::size_t>(kErrorTable[i].code) != i || kErrorTable[i].sqlstate.size() != 5) return false;
  return true;
}
static_assert(is_in_order());
static_assert(kErrorTable.size() == static_cast<std::size_t>(internal) + 1);

}  // namespace

const ErrorRow& row_of(ErrorCode code) { return kErrorTable[static_cast<std::size_t>(code)]; }

std::string to_text(const Error& error) {
  if (error.detail.empty()) return error.message;
  return fmt::format("{} ({})", error.message, error.detail);
}

}  // namespace howdah
