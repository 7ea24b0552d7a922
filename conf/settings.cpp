#include "conf/settings.hpp"

#include "conf/walk.hpp"

#include <algorithm>

namespace howdah {

namespace {

template <typename T>
const T& own_or_plain(const Param<T>& own, const Param<T>& plain) {
  return own.is_set() ? own() : plain();
}

}  // namespace

const NodeSettings* Settings::find_node(NodeId id) const {
  for (const NodeSettings& node : nodes)
    if (node.id == id) return &node;
  return nullptr;
}

NodeHealth Settings::health_of(const NodeSettings& node) const {
  return {.period = own_or_plain(node.health_check_period, health.health_check_period),
          .timeout = own_or_plain(node.health_check_timeout, health.health_check_timeout),
          .user = own_or_plain(node.health_check_user, health.health_check_user),
          .password = own_or_plain(node.health_check_password, health.health_check_password),
          .database = own_or_plain(node.health_check_database, health.health_check_database),
          .max_retries = own_or_plain(node.health_check_max_retries, health.health_check_max_retries),
          .retry_delay = own_or_plain(node.health_check_retry_delay, health.health_check_retry_delay),
          .connect_timeout = own_or_plain(node.connect_timeout, health.connect_timeout)};
}

TlsMode Settings::client_tls_mode() const {
  if (tls.client_tls_sslmode.is_set()) return tls.client_tls_sslmode();
  return tls.ssl() ? TlsMode::prefer : TlsMode::disable;
}

TlsMode Settings::server_tls_mode() const {
  if (tls.server_tls_sslmode.is_set()) return tls.server_tls_sslmode();
  return tls.ssl() ? TlsMode::prefer : TlsMode::disable;
}

std::string Settings::beside(std::string_view file) const {
  const auto slash = path.rfind('/');
  if (file.empty() || file.front() == '/' || slash == std::string::npos) return std::string(file);
  return path.substr(0, slash + 1).append(file);
}

NodeSettings& add_node(Settings& settings, NodeId id) {
  auto& nodes = settings.nodes;
  auto place = std::find_if(nodes.begin(), nodes.end(), [id](const NodeSettings& node) { return node.id >= id; });
  if (place != nodes.end() && place->id == id) return *place;
  place = nodes.insert(place, NodeSettings{});
  place->id = id;
  number_rows(*place, id.value);
  return *place;
}

}  // namespace howdah
