#include "gateway/session/prepared_names.hpp"

namespace howdah {

bool PreparedNames::touch(std::uint64_t statement) {
  const auto found = where_.find(statement);
  if (found == where_.end()) return false;
  order_.splice(order_.begin(), order_, found->second);
  return true;
}

void PreparedNames::add(std::uint64_t statement) {
  if (touch(statement)) return;
  order_.push_front(statement);
  where_.emplace(statement, order_.begin());
}

void PreparedNames::remove(std::uint64_t statement) {
  const auto found = where_.find(statement);
  if (found == where_.end()) return;
  order_.erase(found->second);
  where_.erase(found);
}

void PreparedNames::clear() {
  order_.clear();
  where_.clear();
}

std::optional<std::uint64_t> PreparedNames::oldest_beyond(std::size_t limit) const {
  if (order_.empty() || order_.size() < limit) return std::nullopt;
  return order_.back();
}

}  // namespace howdah
