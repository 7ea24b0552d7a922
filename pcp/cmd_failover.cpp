// Orders about nodes: attach, detach, promote, recover. The words of refusals are Pgpool's, because scripts look for them.
#include "pcp/command_functions.hpp"
#include "pcp/replies.hpp"

#include <fmt/format.h>

#include <utility>

namespace howdah::pcp {

namespace {

const NodeView* find_node(const ClusterView& view, const Arguments& arguments) {
  const auto id = parse_node(arguments);
  const NodeView* node = id ? view.find(*id) : nullptr;
  return node != nullptr && node->state != NodeState::unused ? node : nullptr;
}

std::string number_text(const Arguments& arguments) {
  const auto number = parse_number(arguments.text);
  return number ? fmt::to_string(*number) : arguments.text;
}

int status_number(const NodeView* node) { return node == nullptr ? 0 : static_cast<int>(node->state); }

Failure promote_failure(std::string detail) {
  return {
      .message = "could not process promote request", .detail = std::move(detail), .origin = {"pcp_worker.c", 1295}};
}

}  // namespace

// Pgpool says OK to a number that does not exist and only logs it; an operator should hear of the slip.
void cmd_attach_node(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto view = surface.view();
  const NodeView* node = find_node(*view, arguments);
  if (node == nullptr)
    return reply(Failure{
        .message = fmt::format("invalid failback request, node id : {} is not configured", number_text(arguments))});
  surface.attach(node->id, completing(command, std::move(reply)));
}

// A node that is down by itself may be detached, so that it does not come back by itself.
void cmd_detach_node(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto view = surface.view();
  const NodeView* node = find_node(*view, arguments);
  if (node == nullptr || node->is_detached)
    return reply(Failure{.message = fmt::format(
                             "invalid degenerate backend request, node id : {} status: [{}] is not valid for failover",
                             number_text(arguments), status_number(node))});
  if (command.variant != Variant::graceful) return surface.detach(node->id, completing(command, std::move(reply)));
  const Duration limit = surface.settings()->recovery.recovery_timeout();
  surface.detach_gracefully(node->id, limit, completing(command, std::move(reply)));
}

// Pgpool's promote without --switchover only changes what the gateway believes and leaves a live cluster without a
// primary; it is refused. -g makes no difference: a switchover waits for transactions anyway.
void cmd_promote_node(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto view = surface.view();
  const NodeView* node = find_node(*view, arguments);
  if (node == nullptr || !node->is_usable())
    return reply(promote_failure(fmt::format("node id {} is not valid", number_text(arguments))));
  if (view->primary == node->id)
    return reply(Failure{
        .severity = Severity::fatal,
        .message = "invalid promote request",
        .detail = fmt::format("specified node is already primary node, can't promote node id {}", node->id.value),
        .origin = {"pcp_worker.c", 1310}});
  if (arguments.choice != 's')
    return reply(promote_failure("use --switchover (-s): without it nothing would be promoted in PostgreSQL"));
  surface.promote(node->id, completing(command, std::move(reply)));
}

// The answer comes when the node is in use again, which may take hours; other connections are served meanwhile.
void cmd_recovery_node(const Command& command, const Arguments& arguments, ControlSurface& surface, Reply reply) {
  const auto view = surface.view();
  const NodeView* node = find_node(*view, arguments);
  const auto failure = [](std::string detail, Severity severity = Severity::error) {
    return Failure{.severity = severity, .message = "process recovery request failed", .detail = std::move(detail)};
  };
  if (node == nullptr) return reply(failure(fmt::format("node id {} is not valid", number_text(arguments))));
  if (surface.settings()->clustering.backend_clustering_mode() != ClusteringMode::streaming_replication)
    return reply(failure("recovery request is only allowed in streaming replication mode."));
  if (view->primary == node->id) return reply(failure("primary server cannot be recovered by online recovery."));
  if (surface.is_recovering())
    return reply(failure("pgpool-II is already processing another recovery request.", Severity::fatal));
  if (node->is_usable())
    return reply(Failure{.message = fmt::format("node recovery failed, node id: {} is alive", node->id.value),
                         .origin = {"recovery.c", 85}});
  if (!view->primary || view->is_switching) return reply(failure("there is no primary to copy: a failover is under way"));
  surface.recover(node->id, completing(command, std::move(reply)));
}

}  // namespace howdah::pcp
