#include "sql_router/catalog/catalog_watch.hpp"

#include <algorithm>

namespace howdah {

namespace {

constexpr Duration kReadPause = 20ms;
constexpr Duration kAnswerPause = 50ms;   // questions of clients that name what is nowhere listed, temporary tables say
constexpr int kReadShare = 5;              // at most a sixth of the time is spent reading
constexpr Duration kFirstFailurePause = 1s;
constexpr Duration kLongestFailurePause = 30s;

}  // namespace

CatalogStep CatalogWatch::step(std::uint64_t changes, Instant now) const {
  if (now < next_read_) return CatalogStep::rest;
  if (wants_read(changes)) return CatalogStep::read;
  if (now >= next_look_ || (is_asked_ && now >= next_answer_)) return CatalogStep::look;
  return CatalogStep::rest;
}

Instant CatalogWatch::next_time(std::uint64_t changes) const {
  if (wants_read(changes)) return next_read_;
  return std::max(next_read_, is_asked_ ? std::min(next_answer_, next_look_) : next_look_);
}

void CatalogWatch::on_looked(Instant now) {
  is_asked_ = false;
  failure_pause_ = {};
  next_look_ = now + interval_;
  next_answer_ = now + kAnswerPause;
}

void CatalogWatch::on_read(std::uint64_t as_of, Instant begun, Instant now) {
  on_looked(now);
  as_of_ = as_of;
  next_read_ = now + std::max(kReadPause, (now - begun) * kReadShare);
}

void CatalogWatch::on_failed(Instant now) {
  failure_pause_ = std::clamp(failure_pause_ * 2, kFirstFailurePause, kLongestFailurePause);
  next_read_ = now + failure_pause_;
}

}  // namespace howdah
