// Which of our shared prepared statements a server connection knows, by catalog number, least recently used first out.
// Kept in the order in which messages are sent: what is noted here is true for the server when it reads the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace howdah {

class PreparedNames {
 public:
  // True if known; then it counts as just used.
  bool touch(std::uint64_t statement);
  void add(std::uint64_t statement);
  void remove(std::uint64_t statement);
  void clear();
  std::vector<std::uint64_t> numbers() const { return {order_.begin(), order_.end()}; }
  std::size_t size() const { return where_.size(); }
  // The one to close before another is added, if there are `limit` or more.
  std::optional<std::uint64_t> oldest_beyond(std::size_t limit) const;

 private:
  std::list<std::uint64_t> order_;  // most recently used first
  std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> where_;
};

}  // namespace howdah
