#include "sql_router/effects.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah {

bool Effects::add(const Effects& inner, std::string_view name) {
  const Effects before = *this;
  if (reason == RouteReason::read && inner.reason != RouteReason::read) {
    reason = inner.reason;
    const bool has_both = !name.empty() && !inner.because.empty();
    because = has_both ? fmt::format("{} > {}", name, inner.because) : std::string(name) + inner.because;
  }
  may_write |= inner.may_write;
  reads_sequences |= inner.reads_sequences;
  reads_transaction_time |= inner.reads_transaction_time;
  catalog_change = std::max(catalog_change, inner.catalog_change);
  pins.add(inner.pins);
  return *this != before;
}

Effects unknown_effects(RouteReason reason) {
  const bool is_function = reason == RouteReason::unknown_function;
  return {.reason = reason,
          .may_write = is_function,
          .pins = is_function ? PinReasons{PinReason::opaque} : PinReasons{}};
}

std::string to_text(const ObjectName& name) {
  return name.schema.empty() ? name.name : fmt::format("{}.{}", name.schema, name.name);
}

}  // namespace howdah
