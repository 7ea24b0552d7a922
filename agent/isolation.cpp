#include "agent/isolation.hpp"

namespace howdah::agent {

bool Isolation::must_stop(ServerState state, Instant now) {
  if (state != ServerState::primary) alive_at_.reset();
  if (!is_on() || state != ServerState::primary) return false;
  if (!alive_at_) alive_at_ = now;
  return now - *alive_at_ >= limit_;
}

}  // namespace howdah::agent
