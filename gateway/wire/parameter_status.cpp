#include "gateway/wire/parameter_status.hpp"

#include "gateway/wire/server_messages.hpp"

#include <algorithm>
#include <functional>

namespace howdah::wire {

namespace {

bool is_before(const ParameterSet::Entry& entry, std::string_view name) { return entry.first < name; }

std::uint64_t hash_of(std::string_view name, std::string_view value) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
  return (std::hash<std::string_view>{}(name) * kOdd + std::hash<std::string_view>{}(value)) * kOdd;
}

}  // namespace

bool ParameterSet::set(std::string_view name, std::string_view value) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, is_before);
  if (at == entries_.end() || at->first != name) {
    entries_.emplace(at, name, value);
    fingerprint_ ^= hash_of(name, value);
    return true;
  }
  if (at->second == value) return false;
  fingerprint_ ^= hash_of(name, at->second) ^ hash_of(name, value);
  at->second = value;
  return true;
}

const std::string* ParameterSet::find(std::string_view name) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, is_before);
  return at == entries_.end() || at->first != name ? nullptr : &at->second;
}

std::vector<const ParameterSet::Entry*> differences(const ParameterSet& current, const ParameterSet& wanted) {
  std::vector<const ParameterSet::Entry*> found;
  for (const ParameterSet::Entry& entry : wanted) {
    const std::string* value = current.find(entry.first);
    if (value == nullptr || *value != entry.second) found.push_back(&entry);
  }
  return found;
}

void append_parameters(std::string& out, const ParameterSet& parameters) {
  for (const auto& [name, value] : parameters) append_parameter_status(out, name, value);
}

}  // namespace howdah::wire
