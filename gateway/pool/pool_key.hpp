// What makes two server connections interchangeable: the database, the user, and the node they lead to.
#pragma once

#include "base/ids.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace howdah {

using WorkerId = StrongId<struct WorkerIdTag, std::uint16_t>;  // one thread with its own event loop

struct PoolKey {
  std::string database;
  std::string user;
  NodeId node;
  friend auto operator<=>(const PoolKey&, const PoolKey&) = default;
};

// Numbers for server connections, unique over all workers because connections move between them.
// One per worker; its pools share it.
class BackendIds {
 public:
  explicit constexpr BackendIds(WorkerId worker) : next_{(std::uint64_t{worker.value} + 1) << 48} {}
  constexpr BackendId next() { return BackendId{next_++}; }

 private:
  std::uint64_t next_;
};

}  // namespace howdah

template <>
struct std::hash<howdah::PoolKey> {
  std::size_t operator()(const howdah::PoolKey& key) const noexcept {
    constexpr std::size_t kMix = 0x9e3779b97f4a7c15ULL;  // keeps (a, b) and (b, a) apart
    std::size_t mixed = std::hash<std::string>{}(key.database);
    mixed = mixed * kMix + std::hash<std::string>{}(key.user);
    return mixed * kMix + std::hash<howdah::NodeId>{}(key.node);
  }
};
