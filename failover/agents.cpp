#include "failover/agents.hpp"

#include <algorithm>
#include <utility>

#include "failover/statements.hpp"

namespace howdah::failover {

using health::NodeCondition;
using health::NodeFacts;

namespace {

constexpr Duration kLeasePeriod = 1s;
constexpr Duration kLeaseLimit = 3s;
constexpr Duration kCheckpointLimit = 300s;  // it writes all that is dirty, at once
constexpr Duration kRejoinAgain = 10s;       // after a failure; doubled with each further one
constexpr int kMostDoublings = 5;
constexpr Duration kSettleTime = 30s;        // a server that was made a standby is to be seen as one within this

agent::Request request_of(std::string command, const Agents::Situation& situation) {
  return {.command = std::move(command),
          .epoch = situation.epoch,
          .timeline = situation.timeline,
          .system_identifier = situation.system_identifier};
}

StepId send(StepDesk& desk, NodeId node, agent::Request request, Duration limit, Instant now, Actions<Action>& out) {
  const StepId id = desk.next();
  out.push(AskAgent{id, node, std::move(request), now + limit});
  return id;
}

}  // namespace

void Agents::advance(const Situation& situation, const FailoverOptions& options, Instant now, Actions<Action>& out) {
  for (const NodeFacts& node : situation.nodes) {
    if (!node.options.has_agent()) continue;
    Entry& entry = entries_[node.options.id];
    if (!entry.lease && now >= entry.next_lease) send_lease(node, entry, situation, now, out);
    if (now >= entry.next_rejoin && is_to_rejoin(node, entry, situation, options))
      rejoin(node, entry, situation, options, now, out);
  }
}

void Agents::send_lease(const NodeFacts& node, Entry& entry, const Situation& situation, Instant now, Actions<Action>& out) {
  agent::Request request = request_of("lease", situation);
  request.is_in_office = situation.holder == node.options.id;
  entry.next_lease = now + kLeasePeriod;
  entry.lease = send(desk_, node.options.id, std::move(request), kLeaseLimit, now, out);
}

// What an operator has taken out is his; what exchanged places in a switchover was to stay.
bool Agents::is_to_rejoin(const NodeFacts& node, const Entry& entry, const Situation& situation,
                          const FailoverOptions& options) const {
  const bool is_free = entry.is_heard && !entry.is_busy && !entry.rejoin && !entry.checkpoint;
  const bool is_wanted = options.agent_rejoin || entry.clean_at != Lsn{};
  const bool is_promoted_by_us = options.mode == FailoverMode::native || options.mode == FailoverMode::command;
  return is_free && is_wanted && is_promoted_by_us && situation.primary && situation.primary != node.options.id &&
         node.condition != NodeCondition::detached && contains(situation.lost, node.options.id) &&
         entry.server.state != agent::ServerState::standby;  // on its way back already
}

void Agents::rejoin(const NodeFacts& node, Entry& entry, const Situation& situation, const FailoverOptions& options,
                    Instant now, Actions<Action>& out) {
  if (!entry.is_checkpointed) {
    entry.checkpoint = desk_.send(*situation.primary, SqlStep::checkpoint, sql_checkpoint(), kCheckpointLimit, now, out);
    return;
  }
  entry.is_checkpointed = false;
  const auto primary = std::find_if(situation.nodes.begin(), situation.nodes.end(), [&](const NodeFacts& other) {
    return other.options.id == situation.primary;
  });
  agent::Request request = request_of("rejoin", situation);
  request.primary_host = primary->options.host;
  request.primary_port = primary->options.port;
  request.clean_at = entry.clean_at;
  request.may_clone = options.agent_clone;
  log_.info("server is made a standby node={} primary={} timeline={}", node.options.id.value, situation.primary->value,
            situation.timeline.value);
  entry.rejoin = send(desk_, node.options.id, std::move(request), options.agent_rejoin_timeout, now, out);
}

bool Agents::on(const AgentDone& done, Instant now) {
  const auto found = entries_.find(done.node);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  if (entry.lease == done.id) return take_lease(done.node, entry, done, now), true;
  if (entry.rejoin == done.id) return take_rejoin(done.node, entry, done, now), true;
  return false;
}

bool Agents::on(const SqlDone& done, Instant now) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry.second.checkpoint == done.id; });
  if (found == entries_.end()) return false;
  auto& [node, entry] = *found;
  entry.checkpoint.reset();
  if (done.is_ok) entry.is_checkpointed = true;
  else fail_rejoin(node, entry, "the primary makes no checkpoint: " + done.error, now);
  return true;
}

void Agents::take_lease(NodeId node, Entry& entry, const AgentDone& done, Instant now) {
  entry.lease.reset();
  const bool was_heard = std::exchange(entry.is_heard, done.is_answered && done.report.is_ok());
  if (entry.is_heard && !was_heard) entry.next_rejoin = std::min(entry.next_rejoin, now);  // what failed while it was away
  const std::string& trouble = done.report.error;
  if (entry.trouble != trouble) {
    entry.trouble = trouble;
    if (trouble.empty()) log_.info("agent answers node={} server={}", node.value, to_text(done.report.server.state));
    else log_.warn("agent does not answer node={} reason=\"{}\"", node.value, trouble);
  }
  if (!entry.is_heard) return;
  entry.server = done.report.server;
  entry.is_busy = !done.report.busy.empty();
}

void Agents::take_rejoin(NodeId node, Entry& entry, const AgentDone& done, Instant now) {
  entry.rejoin.reset();
  if (!done.report.is_ok()) {
    const std::string& hint = done.report.hint;
    return fail_rejoin(node, entry, done.report.error + (hint.empty() ? "" : "; " + hint), now);
  }
  log_.info("server was made a standby node={} how={}", node.value, done.report.did);
  entry.clean_at = {};
  entry.failures = 0;
  entry.server = done.report.server;
  entry.next_rejoin = now + kSettleTime;
  rejoined_.push_back(node);
}

void Agents::fail_rejoin(NodeId node, Entry& entry, const std::string& error, Instant now) {
  log_.error("server was not made a standby node={} reason=\"{}\"", node.value, error);
  entry.next_rejoin = now + kRejoinAgain * (1 << std::min(entry.failures++, kMostDoublings));
}

std::optional<Instant> Agents::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [node, entry] : entries_)
    if (!entry.lease && (!next || entry.next_lease < *next)) next = entry.next_lease;
  return next;
}

bool Agents::answers(NodeId node) const {
  const auto found = entries_.find(node);
  return found != entries_.end() && found->second.is_heard && !found->second.is_busy;
}

StepId Agents::stop(NodeId node, const Situation& situation, Duration limit, Instant now, Actions<Action>& out) {
  return send(desk_, node, request_of("stop", situation), limit, now, out);
}

StepId Agents::start(NodeId node, const Situation& situation, Duration limit, Instant now, Actions<Action>& out) {
  entries_[node].clean_at = {};
  agent::Request request = request_of("start", situation);
  request.is_in_office = true;
  return send(desk_, node, std::move(request), limit, now, out);
}

}  // namespace howdah::failover
