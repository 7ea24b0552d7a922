// Traits by exact text, bounded in bytes; the entry unused longest goes first. One per worker and only used by its
// thread. A hit allocates nothing. The returned pointer stays good for as long as it is kept, whatever the cache does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sql_router/routing_options.hpp"
#include "sql_router/traits.hpp"

namespace howdah {

struct ParseCacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

class ParseCache {
 public:
  // The options are shared with the other workers; `capacity` in bytes, texts included.
  ParseCache(std::shared_ptr<const RoutingOptions> options, std::size_t capacity);

  TraitsPtr find_or_classify(std::string_view text);

  // A replica refused the text (25006, or 0A000 for an unlogged table): from now on it counts as needing the primary.
  void remember_refusal(std::string_view text);

  // After a reload: everything is forgotten, because the lists in the options are part of the traits.
  void adopt(std::shared_ptr<const RoutingOptions> options);

  const RoutingOptions& options() const { return *options_; }
  const ParseCacheStats& stats() const { return stats_; }

 private:
  struct Entry {
    std::string text;
    TraitsPtr traits;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;  // most recently used first

  TraitsPtr insert(std::string_view text, Traits traits);
  void evict_oldest();

  std::shared_ptr<const RoutingOptions> options_;
  std::size_t capacity_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_text_;  // keys look into the entries' texts
  ParseCacheStats stats_;
};

}  // namespace howdah
