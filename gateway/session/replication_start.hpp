// A replication connection (startup parameter `replication`: pg_basebackup, pg_receivewal, pg_recvlogical, standbys) is not
// pooled: its state lives in the server's WAL sender, so it gets a server connection of its own, and the bytes pass as
// they are. What is decided about it: the node, and what that server is told at the start. Rules; pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/wire/startup.hpp"
#include "health/cluster_view.hpp"

namespace howdah {

struct ReplicationStart {
  std::optional<NodeId> node = {};  // `howdah.node` in the options; nothing: the primary
  // For the server's startup packet. All settings, because a WAL sender knows no SET.
  std::vector<std::pair<std::string, std::string>> parameters = {};
};

// Errors are PostgreSQL's for wrong options, and 42704, 22023 for those of the gateway.
Result<ReplicationStart> replication_start_of(const wire::StartupMessage& startup);

// The node that serves it now.
Result<NodeId> replication_node(const ClusterView& view, std::optional<NodeId> wanted);

}  // namespace howdah
