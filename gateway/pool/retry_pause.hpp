// How long a pool waits before it opens a connection again after one could not be opened: short at first, so that a
// server that restarts is back in use at once, then doubling up to server_login_retry. Remembers the last error.
#pragma once

#include "base/errors.hpp"
#include "base/instant.hpp"

#include <algorithm>
#include <optional>

namespace howdah {

class RetryPause {
 public:
  static constexpr Duration kShortest = 100ms;

  void failed(Error error, Instant now, Duration longest) {
    if (ends_at_ && now < *ends_at_) {  // another opening of the same attempt; it does not lengthen the pause
      error_ = std::move(error);
      return;
    }
    length_ = std::min(longest, error_ ? length_ * 2 : kShortest);
    ends_at_ = now + length_;
    error_ = std::move(error);
  }
  void succeeded() { *this = RetryPause{}; }
  // The pause is over but the next failure will lengthen it.
  void end() { ends_at_.reset(); }

  std::optional<Instant> ends_at() const { return ends_at_; }
  bool is_active() const { return ends_at_.has_value(); }
  const std::optional<Error>& error() const { return error_; }

 private:
  Duration length_{};
  std::optional<Instant> ends_at_;
  std::optional<Error> error_;
};

}  // namespace howdah
