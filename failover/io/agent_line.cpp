#include "failover/io/agent_line.hpp"

namespace howdah::failover {

AgentLine::AgentLine(const health::NodeOptions& node, agent::TlsFiles files, Report report)
    : report_(std::move(report)), connection_(node.agent_host, node.agent_port, std::move(files)) {
  thread_.start([this] { work(); });
}

AgentLine::~AgentLine() {
  thread_.stop([this] {
    const std::lock_guard lock(mutex_);  // so that the thread cannot look before and sleep after
    wake_.notify_all();
  });
}

void AgentLine::ask(AskAgent request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  wake_.notify_all();
}

void AgentLine::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return thread_.is_stopping() || !requests_.empty(); });
    if (thread_.is_stopping()) return;
    const AskAgent request = std::move(requests_.front());
    requests_.pop_front();
    lock.unlock();
    AgentDone done{.id = request.id, .node = request.node};
    auto report = connection_.ask(request.request, request.deadline, thread_.stop_fd());
    done.is_answered = report.has_value();
    if (report) done.report = std::move(*report);
    else done.report.error = to_text(report.error());
    report_(std::move(done));
  }
}

}  // namespace howdah::failover
