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
       {&traits.verdict.because, &traits.gateway.name, &traits.gateway.value, &traits.setting, &traits.prepared_name})
    bytes += heap_bytes(*part);
  for (const auto* names : {&traits.relations, &traits.statement_names})
    for (const std::string& name : *names) bytes += sizeof name + heap_bytes(name);
  if (traits.prepared.traits != nullptr) bytes += bytes_of({}, *traits.prepared.traits);
  return bytes;
}

}  // namespace

ParseCache::ParseCache(std::shared_ptr<const RoutingOptions> options, std::size_t capacity)
    : options_(std::move(options)), capacity_(capacity) {}

TraitsPtr ParseCache::find_or_classify(std::string_view text) {
  const auto shape = read_shape(text);
  if (const Entry* found = find(text, shape)) {
    ++stats_.hits;
    return found->traits;
  }
  ++stats_.misses;
  return insert(text, shape, classify(text, *options_));
}

void ParseCache::remember_refusal(std::string_view text) {
  Traits traits = *find_or_classify(text);
  if (!traits.verdict.may_use_replica) return;
  traits.verdict.may_use_replica = false;
  traits.verdict.may_write = true;
  traits.verdict.reason = RouteReason::refused_by_replica;
  const auto shape = read_shape(text);
  if (Entry* found = find(text, shape)) {
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

TraitsPtr ParseCache::insert(std::string_view text, std::optional<std::string_view> shape, Traits traits) {
  const bool is_shared = shape && !traits.depends_on_literals;
  const std::string_view key = is_shared ? *shape : text;
  const std::size_t bytes = bytes_of(key, traits);
  auto shared = std::make_shared<const Traits>(std::move(traits));
  // One text may not push out everything else; a bulk INSERT is not worth remembering anyway.
  if (bytes > capacity_ / 8) return shared;
  entries_.push_front({std::string(key), shared, bytes, is_shared});
  index_of(entries_.front()).emplace(entries_.front().text, entries_.begin());
  stats_.bytes += bytes;
  ++stats_.entries;
  while (stats_.bytes > capacity_) evict_oldest();
  return shared;
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
