#include "gateway/session/reply_ledger.hpp"

#include <algorithm>
#include <utility>

namespace howdah {

namespace {

using enum AnswerKind;

bool is_group_end(AnswerKind kind) { return kind == sync || kind == query || kind == function_call; }

// Answers that carry results come for a Query and for an Execute.
bool has_results(AnswerKind kind) { return kind == query || kind == execute; }

}  // namespace

void ReplyLedger::owe(Owed owed) {
  if (is_skipping_ && owed.kind != sync) return;
  if (owed.kind == sync) is_skipping_ = false;
  is_in_extended_ = !is_group_end(owed.kind) && (is_in_extended_ || owed.kind != copy_end);
  if (owed.kind == copy_end) {
    if (std::exchange(is_in_copy_in_, false) || is_empty()) return;
  }
  if (is_empty()) {
    entries_.clear();
    head_ = 0;
  }
  entries_.push_back(std::move(owed));
}

Fate ReplyLedger::accept(char type, char status) {
  has_ended_ = false;
  dropped_.clear();
  if (type == 'N' || type == 'S' || type == 'A') return Fate::aside;
  if (is_empty()) return Fate::broken;
  const AnswerKind kind = entries_[head_].kind;
  switch (type) {
    case 'E': return accept_error();
    case 'Z': return accept_ready(status);
    case '1': return kind == parse ? end_front() : Fate::broken;
    case '2': return kind == bind ? end_front() : Fate::broken;
    case '3': return kind == close ? end_front() : Fate::broken;
    case 't': return kind == describe ? pass_front() : Fate::broken;
    case 'n': return kind == describe ? end_front() : Fate::broken;
    case 'T':
      if (kind == describe) return end_front();
      return kind == query ? pass_front() : Fate::broken;
    case 'V': return kind == function_call ? pass_front() : Fate::broken;
    case 'G': return has_results(kind) ? accept_copy_in() : Fate::broken;
    case 'C':
      is_in_copy_in_ = false;
      [[fallthrough]];
    case 'I':
      if (kind == execute) return end_front();
      return kind == query ? pass_front() : Fate::broken;
    case 's': return kind == execute ? end_front() : Fate::broken;
    case 'D':
    case 'd':
    case 'c':
    case 'H': return has_results(kind) ? pass_front() : Fate::broken;
    default: return Fate::broken;
  }
}

Fate ReplyLedger::accept_error() {
  is_in_copy_in_ = false;
  if (is_group_end(entries_[head_].kind)) return pass_front();
  // Extended protocol: the server skips up to Sync (manual "Message Flow", "Extended Query"). An error of a message we
  // put in ourselves answers the client's message that needed it, so there the whole group decides who gets it.
  ended_ = std::move(entries_[head_]);
  has_ended_ = true;
  ++head_;
  drop_until_sync();
  if (!is_empty()) return ended_.audience == Audience::client ? Fate::forward : pass_front();
  return ended_.kind != local && is_draining_ ? Fate::swallow : Fate::forward;
}

void ReplyLedger::drop_until_sync() {
  while (!is_empty() && entries_[head_].kind != sync) dropped_.push_back(std::move(entries_[head_++]));
  is_skipping_ = is_empty();
}

Fate ReplyLedger::accept_ready(char status) {
  if (!is_group_end(entries_[head_].kind)) return Fate::broken;
  if (status != 'I' && status != 'T' && status != 'E') return Fate::broken;
  is_in_copy_in_ = false;
  status_ = static_cast<TransactionStatus>(status);
  return end_front();
}

Fate ReplyLedger::accept_copy_in() {
  const Fate fate = pass_front();
  const auto next = entries_.begin() + static_cast<std::ptrdiff_t>(head_) + 1;
  if (next != entries_.end() && next->kind == copy_end) {
    entries_.erase(next);
    return fate;
  }
  is_in_copy_in_ = true;
  if (entries_[head_].kind != execute) return fate;
  // The server reads what follows the Execute as part of COPY, where Sync has no effect and no answer.
  const auto end = std::find_if(next, entries_.end(), [](const Owed& o) { return o.kind != sync && o.kind != local; });
  const auto voided = std::stable_partition(next, end, [](const Owed& o) { return o.kind == local; });
  for (auto it = voided; it != end; ++it) dropped_.push_back(std::move(*it));
  is_in_extended_ = is_in_extended_ || (voided != end && end == entries_.end());
  entries_.erase(voided, end);
  return fate;
}

Fate ReplyLedger::pass_front() const {
  return entries_[head_].audience == Audience::client ? Fate::forward : Fate::swallow;
}

Fate ReplyLedger::end_front() {
  const Fate fate = pass_front();
  ended_ = std::move(entries_[head_]);
  has_ended_ = true;
  pop_front();
  return fate;
}

void ReplyLedger::pop_front() {
  ++head_;
  while (!is_empty() && entries_[head_].kind == copy_end) ++head_;
  constexpr std::size_t kCompactAt = 256;  // a pipeline that never runs dry must not grow without end
  if (head_ >= kCompactAt && head_ * 2 >= entries_.size()) {
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

std::span<const Owed> ReplyLedger::complete_groups() const {
  std::span<const Owed> groups = entries();
  while (!groups.empty() && !is_group_end(groups.back().kind)) groups = groups.first(groups.size() - 1);
  return groups;
}

bool ReplyLedger::take_local(Owed& out) {
  if (is_empty() || entries_[head_].kind != local) return false;
  out = std::move(entries_[head_]);
  pop_front();
  return true;
}

void ReplyLedger::swallow_all() {
  is_draining_ = true;
  for (std::size_t i = head_; i < entries_.size(); ++i) entries_[i].audience = Audience::nobody;
}

bool ReplyLedger::is_settled() const {
  return is_empty() && !is_skipping_ && !is_in_extended_ && !is_in_copy_in_ && status_ == TransactionStatus::idle;
}

}  // namespace howdah
