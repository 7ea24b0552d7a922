#include "failover/command_queue.hpp"

namespace howdah::failover {

void CommandQueue::push(CommandKind kind, NodeId node, std::string command) {
  if (!command.empty()) waiting_.push_back({kind, node, std::move(command)});
}

void CommandQueue::advance(Duration limit, Instant now, Actions<Action>& out) {
  if (running_ || waiting_.empty()) return;
  Command command = std::move(waiting_.front());
  waiting_.pop_front();
  running_ = desk_.next();
  log_.info("command started command={} node={}", to_text(command.kind), command.node.value);
  out.push(RunCommand{*running_, command.kind, command.node, std::move(command.text), now + limit});
}

void CommandQueue::on(const CommandDone& done) {
  if (running_ != done.id) return;
  running_.reset();
  log_.log(done.exit_code == 0 ? LogLevel::info : LogLevel::error, "command ended exit_code={}", done.exit_code);
}

}  // namespace howdah::failover
