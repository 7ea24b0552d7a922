// Identifiers that must not be mixed up with one another or with plain numbers.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <vector>

namespace howdah {

template <typename Tag, typename Rep>
struct StrongId {
  Rep value{};
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
};

using NodeId = StrongId<struct NodeIdTag, std::int32_t>;         // N of backend_hostnameN
using SessionId = StrongId<struct SessionIdTag, std::uint64_t>;  // one client connection
using BackendId = StrongId<struct BackendIdTag, std::uint64_t>;  // one server connection
using Epoch = StrongId<struct EpochTag, std::uint64_t>;          // grows with every change of primary
using TimelineId = StrongId<struct TimelineIdTag, std::uint32_t>;

inline bool contains(const std::vector<NodeId>& ids, NodeId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

}  // namespace howdah

template <typename Tag, typename Rep>
struct std::hash<howdah::StrongId<Tag, Rep>> {
  std::size_t operator()(howdah::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
