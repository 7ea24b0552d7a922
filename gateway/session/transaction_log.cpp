#include "gateway/session/transaction_log.hpp"

#include <algorithm>
#include <utility>

#include "gateway/wire/frame.hpp"

namespace howdah {

void TransactionLog::open(std::string_view begin, std::size_t most_bytes) {
  if (is_open_) return;
  is_open_ = true;
  begin_.assign(begin);
  most_bytes_ = most_bytes;
}

void TransactionLog::close() {
  if (!is_open_) return;
  constexpr std::size_t kKeptBytes = 2048;
  constexpr std::size_t kKeptMarks = 64;
  is_open_ = is_repeating_ = has_diverged_ = false;
  obstacle_ = ReplayObstacle::none;
  begin_.clear();
  bytes_.clear();
  marks_.clear();
  if (bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
  if (marks_.capacity() > kKeptMarks) marks_.shrink_to_fit();
  ended_ = 0;
  sum_ = {};
  shown_ = {};
}

void TransactionLog::keep(Bytes message) {
  if (!is_open_ || (obstacle_ != ReplayObstacle::none && !is_repeating_)) return;
  if (!is_repeating_ && begin_.size() + bytes_.size() + marks_.size() * sizeof(Mark) + message.size() > most_bytes_)
    return give_up(ReplayObstacle::too_long);
  bytes_.insert(bytes_.end(), message.begin(), message.end());
}

void TransactionLog::take_back(std::size_t count) {
  bytes_.resize(bytes_.size() - std::min(count, bytes_.size()));
}

void TransactionLog::give_up(ReplayObstacle obstacle) {
  if (!is_replayable()) return;
  obstacle_ = obstacle;
  if (is_repeating_) return;
  bytes_ = {};
  marks_ = {};
}

void TransactionLog::end_request() {
  ++ended_;
  const Mark mark = here();
  if (ended_ <= marks_.size()) {
    has_diverged_ |= mark != marks_[ended_ - 1];
  } else {
    has_diverged_ |= mark.size < shown_.size;  // it is shorter than what was shown of it
    if (!has_diverged_) marks_.push_back(mark);         // else the client has only its beginning
  }
  look_if_caught_up();
}

// What was shown ends somewhere inside `answer`, at its end, or behind it.
Bytes TransactionLog::compare(Bytes answer) {
  if (has_diverged_) return {};
  const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(answer.size(), shown_.size - sum_.size()));
  sum_.add(answer.first(known));
  if (sum_.size() == shown_.size) has_diverged_ |= here() != shown_;
  look_if_caught_up();
  const Bytes news = answer.subspan(known);
  if (is_repeating_) {
    has_diverged_ |= !news.empty();  // an answer the client has the end of goes on
    return {};
  }
  sum_.add(news);
  return news;
}

void TransactionLog::look_if_caught_up() {
  if (!has_diverged_ && ended_ >= marks_.size() && sum_.size() >= shown_.size) is_repeating_ = false;
}

std::vector<char> TransactionLog::rewind() {
  if (!is_repeating_) shown_ = here();
  ended_ = 0;
  sum_ = {};
  has_diverged_ = false;
  is_repeating_ = shown_.size > 0;
  return std::exchange(bytes_, {});
}

bool TransactionLog::may_send(std::size_t in_flight) const {
  if (!is_repeating_) return true;
  const std::size_t next = ended_ + in_flight;
  return next < marks_.size() || (next == marks_.size() && in_flight == 0);
}

bool TransactionLog::is_answer_begun() const {
  const std::uint64_t shown = std::max(shown_.size, sum_.size());
  return shown > (marks_.empty() ? 0 : marks_.back().size);
}

std::size_t size_of_requests(Bytes messages, std::size_t count) {
  std::size_t at = 0;
  while (count > 0 && at + wire::kHeaderSize <= messages.size()) {
    const char tag = messages[at];
    at += std::size_t{load_u32(messages.data() + at + 1)} + 1;
    if (tag == 'Q' || tag == 'F' || tag == 'S') --count;
  }
  return std::min(at, messages.size());
}

}  // namespace howdah
