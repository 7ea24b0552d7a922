// The settings of the file, taken apart into what each part of the program works by. The only place that knows both.
// Called at start and at reload.
#pragma once

#include "base/result.hpp"
#include "conf/settings.hpp"
#include "failover/failover_options.hpp"
#include "failover/io/control.hpp"
#include "gateway/io/catalog_reader.hpp"
#include "gateway/io/listener.hpp"
#include "gateway/io/log_sink.hpp"
#include "gateway/io/worker_config.hpp"
#include "gateway/pool/budget.hpp"

namespace howdah {

LogSinkOptions log_options(const Settings& settings, bool has_debug);
ListenOptions listen_options(const Settings& settings);
health::HealthOptions health_options(const Settings& settings);
failover::FailoverOptions failover_options(const Settings& settings);
failover::EtcdOptions etcd_options(const Settings& settings);
failover::HttpOptions patroni_options(const Settings& settings);
CatalogReaderOptions catalog_options(const Settings& settings);
TlsClientOptions tls_client_options(const Settings& settings);  // towards servers
Budget::LimitsOf pool_limits(SettingsPtr settings);
ConsoleAccess console_access(const Settings& settings);
std::uint32_t worker_count(const Settings& settings);

// Everything but judge_login. An Error where a certificate or a pattern cannot be used.
Result<WorkerConfig> worker_config(const Settings& settings, Log& log);

}  // namespace howdah
