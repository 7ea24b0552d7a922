// Any bytes may be a client's statement: classifying survives them, and never lets through what it did not read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "sql_router/classifier.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const howdah::RoutingOptions options;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const howdah::Traits traits = howdah::classify(text, options);
  HOWDAH_ASSERT(traits.parse == howdah::ParseOutcome::parsed || !traits.verdict.may_use_replica);
  HOWDAH_ASSERT(traits.gateway.rest_begin <= size && traits.gateway.inner_end <= size);
  HOWDAH_ASSERT(traits.gateway.inner_begin <= traits.gateway.inner_end);
  return 0;
}
