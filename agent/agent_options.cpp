#include "agent/agent_options.hpp"

#include <fmt/format.h>

namespace howdah::agent {

namespace {

Error missing(const ParamBase& param) {
  return {ErrorCode::configuration, fmt::format("{} is not set: {}", param.name(), param.help())};
}

}  // namespace

TlsFiles tls_files(const Settings& settings) {
  return {settings.beside(settings.agent.agent_ssl_cert()), settings.beside(settings.agent.agent_ssl_key()),
          settings.beside(settings.agent.agent_ssl_ca_cert())};
}

Result<AgentOptions> options_from_settings(const Settings& settings) {
  const AgentSettings& own = settings.agent;
  for (const auto* param : {&own.agent_data_directory, &own.agent_ssl_cert, &own.agent_ssl_key, &own.agent_ssl_ca_cert})
    if ((*param)().empty()) return missing(*param);
  AgentOptions options;
  options.listen_addresses = own.agent_listen_addresses();
  options.port = static_cast<std::uint16_t>(own.agent_port());
  options.tls = tls_files(settings);
  options.gateway_names = own.agent_gateway_names();
  options.data_directory = own.agent_data_directory();
  while (options.data_directory.size() > 1 && options.data_directory.ends_with('/')) options.data_directory.pop_back();
  options.config_file = own.agent_config_file();
  options.bin_directory = own.agent_bin_directory();
  options.server_log = own.agent_server_log();
  options.start_command = own.agent_start_command();
  options.stop_command = own.agent_stop_command();
  options.replication_conninfo = own.agent_replication_conninfo();
  options.rewind_conninfo =
      own.agent_rewind_conninfo().empty() ? options.replication_conninfo : own.agent_rewind_conninfo();
  options.server_timeout = own.agent_server_timeout();
  options.isolation_timeout = own.agent_isolation_timeout();
  return options;
}

}  // namespace howdah::agent
