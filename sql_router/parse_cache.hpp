// Traits by text, bounded in bytes; the entry unused longest goes first. Texts that differ in their literals only share
// an entry under their shape (statement_shape.hpp), unless their traits depend on the literals. What two texts share is
// compared in full, never by a hash alone. One per worker and only used by its thread. A hit allocates nothing. The
// returned pointer stays good for as long as it is kept, whatever the cache does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql_router/catalog/catalog_facts.hpp"
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

  // `facts` of the database the text is for; what names nothing of any database is shared by all.
  TraitsPtr find_or_classify(std::string_view text, const CatalogFacts& facts = CatalogFacts::unread());

  // A replica refused the text (25006, or 0A000 for an unlogged table): with these facts it counts as needing the
  // primary, and with it the texts that share its entry.
  void remember_refusal(std::string_view text, const CatalogFacts& facts = CatalogFacts::unread());

  // After a reload: everything is forgotten, because the lists in the options are part of the traits.
  void adopt(std::shared_ptr<const RoutingOptions> options);

  const RoutingOptions& options() const { return *options_; }
  const ParseCacheStats& stats() const { return stats_; }

 private:
  struct Entry {
    std::string text;  // or shape
    TraitsPtr traits;                    // as asked for last
    std::vector<TraitsPtr> others = {};  // with the facts of other databases
    std::size_t bytes = 0;
    bool is_shape = false;
  };
  using Entries = std::list<Entry>;                                          // most recently used first
  using Index = std::unordered_map<std::string_view, Entries::iterator>;  // keys look into the entries' texts

  std::optional<std::string_view> read_shape(std::string_view text);
  Entry* find(std::string_view text, std::optional<std::string_view> shape);
  const TraitsPtr* find(Entry& entry, const CatalogFacts& facts);
  TraitsPtr insert(std::string_view text, std::optional<std::string_view> shape, Traits traits);
  TraitsPtr put(Entry& entry, Traits traits);
  Index& index_of(const Entry& entry) { return entry.is_shape ? by_shape_ : by_text_; }
  void make_room();
  void evict_oldest();

  std::shared_ptr<const RoutingOptions> options_;
  std::size_t capacity_;
  Entries entries_;
  Index by_text_;
  Index by_shape_;
  std::string shape_buffer_;
  ParseCacheStats stats_;
};

}  // namespace howdah
