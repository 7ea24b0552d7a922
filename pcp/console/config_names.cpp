#include "pcp/console/config_names.hpp"

#include "conf/value.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::pcp {

namespace {

struct OtherName {
  std::string_view theirs;
  std::string_view ours;
};

constexpr auto kOtherNames = std::to_array<OtherName>({
    {"auth_file", "pool_passwd"},
    {"client_idle_timeout", "client_idle_limit"},
    {"client_login_timeout", "authentication_timeout"},
    {"client_tls_ca_file", "ssl_ca_cert"},
    {"client_tls_cert_file", "ssl_cert"},
    {"client_tls_ciphers", "ssl_ciphers"},
    {"client_tls_dheparams", "ssl_dh_params_file"},
    {"client_tls_ecdhcurve", "ssl_ecdh_curve"},
    {"client_tls_key_file", "ssl_key"},
    {"listen_addr", "listen_addresses"},
    {"listen_port", "port"},
    {"pidfile", "pid_file_name"},
    {"unix_socket_dir", "unix_socket_directories"},
    {"unix_socket_mode", "unix_socket_permissions"},
});

std::string in_seconds(Duration time) { return fmt::format("{:g}", std::chrono::duration<double>(time).count()); }

}  // namespace

std::string_view own_name_of(std::string_view pgbouncer_name) {
  for (const OtherName& row : kOtherNames)
    if (row.theirs == pgbouncer_name) return row.ours;
  return pgbouncer_name;
}

std::string console_value(const ParamBase& param) {
  if (const auto* time = dynamic_cast<const Param<milliseconds>*>(&param)) {
    // PgBouncer's one time in milliseconds.
    return param.family() == "tcp_user_timeout" ? fmt::to_string((*time)().count()) : in_seconds((*time)());
  }
  if (const auto* time = dynamic_cast<const Param<seconds>*>(&param)) return in_seconds((*time)());
  if (const auto* number = dynamic_cast<const Param<int>*>(&param)) return fmt::to_string((*number)());
  if (const auto* flag = dynamic_cast<const Param<bool>*>(&param)) return (*flag)() ? "1" : "0";
  return param.text(TextStyle::show);
}

}  // namespace howdah::pcp
