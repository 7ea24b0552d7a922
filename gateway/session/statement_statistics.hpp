// What each statement costs, by fingerprint: the text with its literals taken out (sql_router/statement_shape.hpp). The
// numbers behind SHOW POOL_STATEMENTS. One per worker; used by its thread only, so that counting takes no lock and shares
// no cache line. A known statement costs one lookup by the address of its traits, and allocates nothing.
//
// Bounded: the entry unused longest makes room. Who counts keeps a handle, not an address: a handle of an entry that has
// made room meanwhile counts nothing.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "gateway/stats.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

class StatementStatistics {
 public:
  using Handle = std::uint64_t;  // 0: not counted

  explicit StatementStatistics(std::size_t capacity = 0) : capacity_(capacity) {}  // 0: off

  bool is_on() const { return capacity_ > 0; }
  void set_capacity(std::size_t capacity);  // a change forgets everything
  void clear();

  // The statement goes to a server now. `sql` is looked at only the first time its traits are seen.
  Handle find(const TraitsPtr& traits, std::string_view sql);

  struct Answer {
    NodeId node;
    RouteReason reason = RouteReason::read;
    std::optional<PinReason> pin = {};  // why its session keeps its server connection afterwards
    Duration time{};
    std::uint64_t rows = 0;
    bool has_failed = false;
  };
  void count(Handle handle, const Answer& answer);

  std::vector<StatementStats> report() const;

 private:
  struct Entry {
    std::string text;
    std::uint32_t generation = 0;
    std::list<std::uint32_t>::iterator place;  // in order_
    StatementStats stats;
  };
  struct Known {
    TraitsPtr traits;  // keeps its address from being used for another statement
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
  };

  std::uint32_t entry_of(std::string_view sql);
  Handle touch(std::uint32_t index);

  std::size_t capacity_;
  std::uint32_t next_generation_ = 1;  // never used twice, so that no late answer is taken for another statement's
  std::vector<Entry> entries_;
  std::list<std::uint32_t> order_;  // most recently used first
  std::unordered_map<std::string, std::uint32_t> by_text_;
  std::unordered_map<const Traits*, Known> by_traits_;
  std::string shape_buffer_;
};

// The literals of a shape shown as '?'. A text without a shape is cut where its first string begins.
std::string fingerprint_of(std::string_view sql, std::string& buffer);

}  // namespace howdah
