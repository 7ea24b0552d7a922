#include "failover/commit_fates.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

std::string value_of(const SqlDone& done, std::size_t column) {
  return done.rows.empty() || column >= done.rows[0].size() ? std::string{} : done.rows[0][column];
}

CommitOutcome read_status(const SqlDone& done) {
  if (!done.is_ok) return CommitOutcome::unknown;
  const std::string status = value_of(done, 1);
  if (status == "committed") return CommitOutcome::committed;
  // Of those that were open when the server ended, only prepared ones are open behind it.
  if (status == "in progress" || status == "prepared") return CommitOutcome::prepared;
  return status == "aborted" ? CommitOutcome::not_committed : CommitOutcome::unknown;
}

bool accepts_nobody(health::FailureKind kind) {
  using enum health::FailureKind;
  return kind == refused || kind == starting_up || kind == shutting_down || kind == crash_restart;
}

bool is_done_for_good(CommitOutcome outcome) {
  return outcome == CommitOutcome::committed || outcome == CommitOutcome::prepared;
}

CommitOutcome read_status(const SqlDone& done, const Fork& fork, std::uint64_t xid) {
  if (!done.is_ok || value_of(done, 0) != fork.replayed) return CommitOutcome::unknown;
  return xid >= fork.xid ? CommitOutcome::not_committed : read_status(done);
}

}  // namespace

void CommitFates::note_fork(const SqlDone& done) {
  Fork fork{0, value_of(done, 1)};
  const std::string xid = value_of(done, 0);
  std::from_chars(xid.data(), xid.data() + xid.size(), fork.xid);
  if (fork.xid != 0 && !taken_) taken_ = std::move(fork);
}

void CommitFates::begin_epoch(bool is_promoted_by_us, Instant told_by) {
  told_by_ = told_by;
  fork_ = is_promoted_by_us ? taken_ : std::nullopt;
  taken_.reset();
  for (Question& question : questions_)
    if (question.is_of_same_epoch) question.step.reset(), question.found.reset(), question.is_of_same_epoch = false;  // what the old one says counts no more
  write_.reset();
  last_run_from_ = runs_.last_from_if_several();
  runs_.clear();
}

void CommitFates::learn(const Fork& fork) {
  if (!fork_ && fork.xid != 0) fork_ = fork;
}

void CommitFates::see(const health::NodeFacts& primary) {
  if (!primary.answers && primary.failure && accepts_nobody(*primary.failure))
    runs_.note_closed(*primary.failure, primary.last_failed_at, primary.last_failure_at);
  if (!primary.answers || !primary.last) return;
  is_synchronous_ = !primary.last->synchronous_names.empty();
  runs_.see(*primary.last, primary.last_asked_at, primary.last_answered_at);
}

void CommitFates::on(const FateRequest& request, Instant now) { questions_.push_back({request, now}); }

// Without a value: not yet.
std::optional<CommitOutcome> CommitFates::judge(const Question& question, std::optional<NodeId> primary, Epoch epoch,
                                                Instant now) const {
  const CommitDoubt& doubt = question.request.doubt;
  if (now >= question.asked_at + question.request.limit) return CommitOutcome::unknown;
  if (!primary || epoch == doubt.epoch) return std::nullopt;
  const bool is_next = epoch.value == doubt.epoch.value + 1 && !may_be_of_older_run(doubt);
  const bool may_be_known = fork_ || now < told_by_;
  return is_next && may_be_known ? std::nullopt : std::optional(CommitOutcome::unknown);
}

void CommitFates::advance(std::optional<NodeId> primary, Instant seen_at, Epoch epoch, Duration limit, Instant now,
                          Actions<Action>& out) {
  for (Question& question : questions_) {
    if (!question.outcome) question.outcome = judge(question, primary, epoch, now);
    if (primary) ask(question, *primary, seen_at, epoch, limit, now, out);
  }
  if (primary) await_standbys(*primary, seen_at, limit, now, out);
  for (const Question& question : questions_) {
    if (!question.outcome) continue;
    const CommitDoubt& doubt = question.request.doubt;
    log_.info("commit looked up xid={} node={} epoch={} outcome=\"{}\"", doubt.xid, doubt.node.value, doubt.epoch.value,
              to_text(*question.outcome));
    out.push(Fate{question.request.request, *question.outcome});
  }
  std::erase_if(questions_, [](const Question& question) { return question.outcome.has_value(); });
}

void CommitFates::ask(Question& question, NodeId primary, Instant seen_at, Epoch epoch, Duration limit, Instant now,
                      Actions<Action>& out) {
  if (question.outcome || question.found || question.step) return;
  const CommitDoubt& doubt = question.request.doubt;
  const bool is_of_same_epoch = epoch == doubt.epoch;
  if (is_of_same_epoch ? seen_at <= question.asked_at : !fork_) return;
  question.is_of_same_epoch = is_of_same_epoch;
  if (is_of_same_epoch) {
    // If this fails, or the transaction is not over, the server must be seen again first.
    question.request.limit -= now - std::exchange(question.asked_at, now);
    question.step = desk_.send(primary, SqlStep::look_up, sql_look_up_there(doubt.xid), limit, now, out);
  } else {
    question.step = desk_.send(primary, SqlStep::look_up, sql_look_up(doubt.xid < fork_->xid ? doubt.xid : 0), limit, now, out);
  }
}

void CommitFates::await_standbys(NodeId primary, Instant seen_at, Duration limit, Instant now, Actions<Action>& out) {
  bool is_needed = false;
  bool is_any_asked = false;
  for (Question& question : questions_) {
    if (question.found && !is_synchronous_) question.outcome = question.found;
    is_needed |= question.found && !question.outcome;
    is_any_asked |= question.step && question.is_of_same_epoch;
  }
  if (!is_needed || is_any_asked || write_ || seen_at <= write_at_) return;  // one write is enough for all of them
  write_at_ = now;
  write_ = desk_.send(primary, SqlStep::write, sql_write(), limit, now, out);
  for (Question& question : questions_) question.is_behind_write = question.found.has_value();
}

bool CommitFates::on(const SqlDone& done) {
  if (write_ == done.id) {
    write_.reset();
    for (Question& question : questions_)
      if (done.is_ok && question.is_behind_write && question.found) question.outcome = question.found;
    return true;
  }
  const auto found = std::find_if(questions_.begin(), questions_.end(),
                                  [&](const Question& question) { return question.step == done.id; });
  if (found == questions_.end()) return false;
  found->step.reset();
  if (found->is_of_same_epoch) found->found = read_same_primary(done, found->request.doubt);
  else found->outcome = fork_ ? read_status(done, *fork_, found->request.doubt.xid) : CommitOutcome::unknown;
  if (found->found && !is_done_for_good(*found->found)) found->outcome = found->found;
  return true;
}

// Without a value: not yet.
std::optional<CommitOutcome> CommitFates::read_same_primary(const SqlDone& done, const CommitDoubt& doubt) const {
  if (!done.is_ok) return std::nullopt;
  if (doubt.is_prepared) return read_status(done);
  const ServerRun* const now = runs_.find(value_of(done, 0));
  if (now == nullptr) return std::nullopt;  // it has restarted since it was seen
  const ServerRun* const then = runs_.of(doubt.connected_at, doubt.asked_at);
  if (then == nullptr) return CommitOutcome::unknown;
  const std::string status = value_of(done, 1);
  const bool is_under_way = status == "in progress" || status.empty();
  if (now == then) return is_under_way ? std::nullopt : std::optional(read_status(done));
  if (!runs_.is_next(*now, *then, doubt.asked_at) || now->first_xid == 0) return CommitOutcome::unknown;
  return doubt.xid >= now->first_xid ? CommitOutcome::not_committed : read_status(done);
}

std::optional<Instant> CommitFates::next_deadline() const {
  std::optional<Instant> next;
  for (const Question& question : questions_) {
    const Instant limit = question.asked_at + question.request.limit;
    const bool is_fork_awaited = !fork_ && told_by_ > question.asked_at;
    const Instant deadline = is_fork_awaited ? std::min(limit, told_by_) : limit;
    if (!next || deadline < *next) next = deadline;
  }
  return next;
}

}  // namespace howdah::failover
