#include "sql_router/parse_cache.hpp"

#include <utility>

#include "sql_router/classifier.hpp"
#include "sql_router/statement_shape.hpp"

namespace howdah {

namespace {

// List node, hash node and the two reference counts, roughly.
constexpr std::size_t kOverhead = 160;

// Small strings live inside the Traits; only what is longer costs extra.
std::size_t heap_bytes(const std::string& text) { return text.capacity() > 15 ? text.capacity() + 1 : 0; }

std::size_t bytes_of(std::string_view text, const Traits& traits) {
  std::size_t bytes = kOverhead + text.size() + sizeof(Traits);
  for (const std::string* part :
       {&traits.verdict.because, &traits.gateway.name, &traits.gateway.value, &traits.setting, &traits.prepared_name,
        &traits.gid})
    bytes += heap_bytes(*part);
  for (const auto* names : {&traits.relations, &traits.statement_names})
    for (const std::string& name : *names) bytes += sizeof name + heap_bytes(name);
  if (traits.prepared.traits != nullptr) bytes += bytes_of({}, *traits.prepared.traits);
  return bytes;
}

}  // namespace

ParseCache::ParseCache(std::shared_ptr<const RoutingOptions> options, std::size_t capacity)
    : options_(std::move(options)), capacity_(capacity) {}

TraitsPtr ParseCache::find_or_classify(std::string_view text, const CatalogFacts& facts) {
  const auto shape = read_shape(text);
  Entry* entry = find(text, shape);
  if (entry != nullptr) {
    if (const TraitsPtr* found = find(*entry, facts)) {
      ++stats_.hits;
      return *found;
    }
  }
  ++stats_.misses;
  Traits traits = classify(text, *options_, facts);
  return entry != nullptr ? put(*entry, std::move(traits)) : insert(text, shape, std::move(traits));
}

void ParseCache::remember_refusal(std::string_view text, const CatalogFacts& facts) {
  Traits traits = *find_or_classify(text, facts);
  if (!traits.verdict.may_use_replica) return;
  traits.verdict.may_use_replica = false;
  traits.verdict.may_write = true;
  traits.verdict.reason = RouteReason::refused_by_replica;
  const auto shape = read_shape(text);
  if (Entry* found = find(text, shape)) {
    find(*found, facts);
    found->traits = std::make_shared<const Traits>(std::move(traits));
    return;
  }
  insert(text, shape, std::move(traits));
}

void ParseCache::adopt(std::shared_ptr<const RoutingOptions> options) {
  by_text_.clear();
  by_shape_.clear();
  entries_.clear();
  stats_.entries = 0;
  stats_.bytes = 0;
  options_ = std::move(options);
}

// What the classifier would answer without parsing has no shape: such answers hang on the length, and on what stands in
// the literals.
std::optional<std::string_view> ParseCache::read_shape(std::string_view text) {
  if (text.size() > options_->max_parse_size || text.size() > kMaxShapedText || is_slow_to_scan(text)) return std::nullopt;
  return shape_of(text, shape_buffer_);
}

ParseCache::Entry* ParseCache::find(std::string_view text, std::optional<std::string_view> shape) {
  const auto use = [this](Entries::iterator entry) {
    entries_.splice(entries_.begin(), entries_, entry);
    return &*entry;
  };
  if (shape)
    if (const auto found = by_shape_.find(*shape); found != by_shape_.end()) return use(found->second);
  if (const auto found = by_text_.find(text); found != by_text_.end()) return use(found->second);
  return nullptr;
}

// The traits made with these facts, which are then the entry's newest.
const TraitsPtr* ParseCache::find(Entry& entry, const CatalogFacts& facts) {
  const auto fits = [&](const TraitsPtr& traits) {
    return traits->catalog_stamp == 0 || traits->catalog_stamp == facts.stamp();
  };
  if (fits(entry.traits)) return &entry.traits;
  for (TraitsPtr& other : entry.others) {
    if (!fits(other)) continue;
    std::swap(other, entry.traits);
    return &entry.traits;
  }
  return nullptr;
}

TraitsPtr ParseCache::insert(std::string_view text, std::optional<std::string_view> shape, Traits traits) {
  const bool is_shared = shape && !traits.depends_on_literals;
  const std::string_view key = is_shared ? *shape : text;
  const std::size_t bytes = bytes_of(key, traits);
  auto shared = std::make_shared<const Traits>(std::move(traits));
  // One text may not push out everything else; a bulk INSERT is not worth remembering anyway.
  if (bytes > capacity_ / 8) return shared;
  entries_.push_front({std::string(key), shared, {}, bytes, is_shared});
  index_of(entries_.front()).emplace(entries_.front().text, entries_.begin());
  stats_.bytes += bytes;
  ++stats_.entries;
  make_room();
  return shared;
}

// They take the place of what was made with older facts of the same database.
TraitsPtr ParseCache::put(Entry& entry, Traits traits) {
  constexpr std::size_t kMostOthers = 1000;  // databases
  const auto database = database_of(traits.catalog_stamp);
  auto shared = std::make_shared<const Traits>(std::move(traits));
  entry.others.push_back(std::exchange(entry.traits, shared));
  const auto count = entry.others.size() - 1;
  std::erase_if(entry.others, [&](const TraitsPtr& other) { return database_of(other->catalog_stamp) == database; });
  if (entry.others.size() > kMostOthers) entry.others.erase(entry.others.begin());
  const std::size_t before = entry.bytes;
  entry.bytes = before + entry.others.size() * sizeof(Traits) - count * sizeof(Traits);
  stats_.bytes += entry.bytes - before;
  make_room();
  return shared;
}

// The entry used last stays: it is smaller than the cache.
void ParseCache::make_room() {
  while (stats_.bytes > capacity_ && stats_.entries > 1) evict_oldest();
}

void ParseCache::evict_oldest() {
  const Entry& oldest = entries_.back();
  index_of(oldest).erase(oldest.text);
  stats_.bytes -= oldest.bytes;
  --stats_.entries;
  ++stats_.evictions;
  entries_.pop_back();
}

}  // namespace howdah
