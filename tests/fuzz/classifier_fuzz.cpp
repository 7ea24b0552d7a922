// Any bytes may be a client's statement: classifying survives them, never lets through what it did not read, and takes the
// same statement in other clothes for the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.hpp"
#include "sql_router/classifier.hpp"
#include "tests/support/reformat.hpp"

using namespace howdah;

namespace {

// A gateway command tells offsets into its text; whether a text depends on its literals may be judged too carefully.
void check_is_same(const Traits& plain, Traits other) {
  if (plain.is_gateway_command()) {
    HOWDAH_ASSERT(other.gateway.kind == plain.gateway.kind && other.gateway.name == plain.gateway.name);
    return;
  }
  other.depends_on_literals = plain.depends_on_literals;
  HOWDAH_ASSERT(plain == other);
}

void check_other_clothes(std::string_view text, const RoutingOptions& options, const Traits& plain) {
  constexpr std::size_t kLongest = 10'000;  // beyond it, longer blanks may reach a limit
  if (text.size() > kLongest) return;
  for (const bool in_capitals : {false, true})
    for (const std::string_view comment : {"", "/* ' */"})
      if (const auto other = test::Reformatter(text, comment, in_capitals).run())
        check_is_same(plain, classify(*other, options));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const RoutingOptions options;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Traits traits = classify(text, options);
  HOWDAH_ASSERT(traits.parse == ParseOutcome::parsed || !traits.verdict.may_use_replica);
  HOWDAH_ASSERT(traits.gateway.rest_begin <= size && traits.gateway.inner_end <= size);
  HOWDAH_ASSERT(traits.gateway.inner_begin <= traits.gateway.inner_end);
  check_other_clothes(text, options, traits);
  return 0;
}
