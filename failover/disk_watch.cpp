#include "failover/disk_watch.hpp"

#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kStillFor = 2s;    // longer than a flush takes on any disk that works
constexpr Duration kWriteAgain = 10s; // the write itself moves the position, so this is seldom reached

}  // namespace

void DiskWatch::advance(const health::NodeFacts* primary, Duration limit, Instant now, Actions<Action>& out) {
  if (primary == nullptr || limit == Duration{} || !primary->answers || !primary->last) {
    hung_since_.reset();
    node_.reset();
    return;
  }
  if (node_ != primary->options.id) {
    node_ = primary->options.id;
    hung_since_.reset();
    has_failed_ = false;
    flushed_ = Lsn{};
  }
  look(*primary);
  if (step_ || hung_since_ || now < next_write_ || primary->last_asked_at - still_since_ < kStillFor) return;
  asked_at_ = now;
  limit_ = limit;
  has_failed_ = false;
  step_ = desk_.send(*node_, SqlStep::write, sql_write(), limit, now, out);
}

void DiskWatch::look(const health::NodeFacts& primary) {
  const bool is_moving = primary.last->flushed != flushed_;
  if (is_moving || primary.last->inserted <= primary.last->flushed) still_since_ = primary.last_asked_at;
  flushed_ = primary.last->flushed;
  if (is_moving && hung_since_) {
    log_.info("disk writes again node={} flushed={}", node_->value, to_text(flushed_));
    hung_since_.reset();
  }
  // It has answered questions all the while: it is the disk, not the server.
  const bool is_hung = has_failed_ && !is_moving && primary.last_asked_at > asked_at_;
  if (is_moving) has_failed_ = false;
  if (!is_hung || hung_since_) return;
  hung_since_ = still_since_;
  log_.error("disk hangs node={} flushed={} inserted={} hint=\"commits wait, reads and logins are answered: without "
             "failover_on_hung_disk the node stays in office, stop it if its disk does not come back\"",
             node_->value, to_text(flushed_), to_text(primary.last->inserted));
}

bool DiskWatch::on(const SqlDone& done, Instant now) {
  if (step_ != done.id) return false;
  step_.reset();
  next_write_ = now + kWriteAgain;
  has_failed_ = !done.is_ok && done.node == node_ && now - asked_at_ >= limit_;  // else it failed for another reason
  return true;
}

}  // namespace howdah::failover
