#include "sql_router/written_objects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.hpp"

namespace howdah {

namespace {

constexpr std::size_t kMostNames = 64;

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

// Where one of them has no schema it may be the other, whatever search_path says.
bool may_be_same(std::string_view one, std::string_view other) {
  if (last_part(one) != last_part(other)) return false;
  const auto is_qualified = [](std::string_view name) { return name.find('.') != std::string_view::npos; };
  return !is_qualified(one) || !is_qualified(other) || one == other;
}

// The function that made a statement count as a write, as the list would name it; empty if it was none.
std::string function_of(const Traits& write) {
  switch (write.verdict.reason) {
    case RouteReason::unknown_function:
    case RouteReason::volatile_function:
    case RouteReason::listed_write_function: return fmt::format("{}()", write.verdict.because);
    default: return {};
  }
}

bool is_listed(const ObjectRelationships& relationships, std::string_view name) {
  return std::any_of(relationships.begin(), relationships.end(),
                     [&](const auto& pair) { return may_be_same(pair.first, name); });
}

}  // namespace

Result<ObjectRelationships> relationships_of(const StringList& items) {
  ObjectRelationships relationships;
  for (const std::string& item : items) {
    const auto colon = item.find(':');
    const std::string_view first = trimmed(std::string_view(item).substr(0, colon));
    const std::string_view second =
        colon == std::string::npos ? std::string_view{} : trimmed(std::string_view(item).substr(colon + 1));
    if (first.empty() || second.empty())
      return Error{ErrorCode::configuration, fmt::format("\"{}\" is not an object:dependent pair", item)};
    relationships.emplace_back(first, second);
  }
  return relationships;
}

void WrittenObjects::add(const Traits& write, const ObjectRelationships& relationships) {
  const std::string function = function_of(write);
  const bool is_known_function = !function.empty() && is_listed(relationships, function);
  // A function behind another objection has left only its pin.
  const bool is_plain = function.empty() && write.verdict.reason == RouteReason::write && !write.relations.empty() &&
                        write.statement_count == 1 && !write.pins.has(PinReason::opaque);
  if (!is_known_function && !is_plain) is_everything = true;
  if (is_everything) return names.clear();
  const auto add_one = [this](std::string_view name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  };
  for (const std::string& relation : write.relations) add_one(relation);
  if (is_known_function) add_one(function);
  // Names grow while they are walked, so that dependents of dependents count too.
  for (std::size_t i = 0; i < names.size() && names.size() <= kMostNames; ++i)
    for (const auto& [object, dependent] : relationships)
      if (may_be_same(object, names[i])) add_one(dependent);
  if (names.size() <= kMostNames) return;
  is_everything = true;
  names.clear();
}

bool WrittenObjects::concern(const Traits& read) const {
  if (is_everything) return true;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(read.relations.begin(), read.relations.end(),
                       [&](const std::string& relation) { return may_be_same(name, relation); });
  });
}

void WrittenObjects::clear() {
  names.clear();
  is_everything = false;
}

}  // namespace howdah
