#include "sql_router/parse_cache.hpp"

#include <utility>

#include "sql_router/classifier.hpp"

namespace howdah {

namespace {

// List node, hash node and the two reference counts, roughly.
constexpr std::size_t kOverhead = 160;

// Small strings live inside the Traits; only what is longer costs extra.
std::size_t heap_bytes(const std::string& text) { return text.capacity() > 15 ? text.capacity() + 1 : 0; }

std::size_t bytes_of(std::string_view text, const Traits& traits) {
  std::size_t bytes = kOverhead + text.size() + sizeof(Traits);
  for (const std::string* part :
       {&traits.verdict.because, &traits.gateway.name, &traits.gateway.value, &traits.setting, &traits.prepared_name})
    bytes += heap_bytes(*part);
  for (const std::string& relation : traits.relations) bytes += sizeof relation + heap_bytes(relation);
  return bytes;
}

}  // namespace

ParseCache::ParseCache(std::shared_ptr<const RoutingOptions> options, std::size_t capacity)
    : options_(std::move(options)), capacity_(capacity) {}

TraitsPtr ParseCache::find_or_classify(std::string_view text) {
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    ++stats_.hits;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->traits;
  }
  ++stats_.misses;
  return insert(text, classify(text, *options_));
}

void ParseCache::remember_refusal(std::string_view text) {
  Traits traits = *find_or_classify(text);
  if (!traits.verdict.may_use_replica) return;
  traits.verdict.may_use_replica = false;
  traits.verdict.may_write = true;
  traits.verdict.reason = RouteReason::refused_by_replica;
  if (const auto found = by_text_.find(text); found != by_text_.end()) {
    found->second->traits = std::make_shared<const Traits>(std::move(traits));
    return;
  }
  insert(text, std::move(traits));
}

void ParseCache::adopt(std::shared_ptr<const RoutingOptions> options) {
  by_text_.clear();
  entries_.clear();
  stats_.entries = 0;
  stats_.bytes = 0;
  options_ = std::move(options);
}

TraitsPtr ParseCache::insert(std::string_view text, Traits traits) {
  const std::size_t bytes = bytes_of(text, traits);
  auto shared = std::make_shared<const Traits>(std::move(traits));
  // One text may not push out everything else; a bulk INSERT is not worth remembering anyway.
  if (bytes > capacity_ / 8) return shared;
  entries_.push_front({std::string(text), shared, bytes});
  by_text_.emplace(entries_.front().text, entries_.begin());
  stats_.bytes += bytes;
  ++stats_.entries;
  while (stats_.bytes > capacity_) evict_oldest();
  return shared;
}

void ParseCache::evict_oldest() {
  const Entry& oldest = entries_.back();
  by_text_.erase(oldest.text);
  stats_.bytes -= oldest.bytes;
  --stats_.entries;
  ++stats_.evictions;
  entries_.pop_back();
}

}  // namespace howdah
