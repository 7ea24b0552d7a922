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
  // Of those the old primary had open only prepared ones are open on the new one.
  if (status == "in progress") return CommitOutcome::prepared;
  return status == "aborted" ? CommitOutcome::not_committed : CommitOutcome::unknown;
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
    if (question.is_of_same_epoch) question.step.reset(), question.is_of_same_epoch = false;  // what the old one says counts no more
}

void CommitFates::learn(const Fork& fork) {
  if (!fork_ && fork.xid != 0) fork_ = fork;
}

void CommitFates::on(const FateRequest& request, Instant now) { questions_.push_back({request, now}); }

// Without a value: not yet.
std::optional<CommitOutcome> CommitFates::judge(const Question& question, std::optional<NodeId> primary, Instant seen_at,
                                                Epoch epoch, Instant now) const {
  const CommitDoubt& doubt = question.request.doubt;
  if (now >= question.asked_at + question.request.limit) return CommitOutcome::unknown;
  if (!primary) return std::nullopt;
  if (epoch == doubt.epoch) {  // it lives, or has restarted: nothing tells where its ids would begin again
    return seen_at > question.asked_at && !doubt.is_prepared ? std::optional(CommitOutcome::unknown) : std::nullopt;
  }
  const bool is_next = epoch.value == doubt.epoch.value + 1;
  const bool may_be_known = fork_ || now < told_by_;
  return is_next && may_be_known ? std::nullopt : std::optional(CommitOutcome::unknown);
}

void CommitFates::advance(std::optional<NodeId> primary, Instant seen_at, Epoch epoch, Duration limit, Instant now,
                          Actions<Action>& out) {
  for (Question& question : questions_) {
    if (!question.outcome) question.outcome = judge(question, primary, seen_at, epoch, now);
    const CommitDoubt& doubt = question.request.doubt;
    const bool is_of_same_epoch = epoch == doubt.epoch;
    if (question.outcome || question.step || !primary || (is_of_same_epoch && seen_at <= question.asked_at)) continue;
    if (!is_of_same_epoch && !fork_) continue;
    const bool may_ask = is_of_same_epoch || doubt.xid < fork_->xid;
    question.is_of_same_epoch = is_of_same_epoch;
    // If this fails, the server has only begun to restart, and must be seen again first.
    if (is_of_same_epoch) question.request.limit -= now - std::exchange(question.asked_at, now);
    question.step = desk_.send(*primary, SqlStep::look_up, sql_look_up(may_ask ? doubt.xid : 0), limit, now, out);
  }
  for (const Question& question : questions_) {
    if (!question.outcome) continue;
    const CommitDoubt& doubt = question.request.doubt;
    log_.info("commit looked up xid={} node={} epoch={} outcome=\"{}\"", doubt.xid, doubt.node.value, doubt.epoch.value,
              to_text(*question.outcome));
    out.push(Fate{question.request.request, *question.outcome});
  }
  std::erase_if(questions_, [](const Question& question) { return question.outcome.has_value(); });
}

bool CommitFates::on(const SqlDone& done) {
  const auto found = std::find_if(questions_.begin(), questions_.end(),
                                  [&](const Question& question) { return question.step == done.id; });
  if (found == questions_.end()) return false;
  found->step.reset();
  if (found->is_of_same_epoch && !done.is_ok) return true;
  if (found->is_of_same_epoch) found->outcome = read_status(done);
  else found->outcome = fork_ ? read_status(done, *fork_, found->request.doubt.xid) : CommitOutcome::unknown;
  return true;
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
