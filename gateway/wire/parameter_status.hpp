// The settings a server reports by ParameterStatus (manual "55.2.7 Asynchronous Operations"), as one small ordered
// map per connection. When a client moves to another server connection, the differences are what it must be told,
// and what must be set there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah::wire {

class ParameterSet {
 public:
  using Entry = std::pair<std::string, std::string>;

  // True if the value is new or different.
  bool set(std::string_view name, std::string_view value);
  // nullptr if it was never reported.
  const std::string* find(std::string_view name) const;
  std::size_t size() const { return entries_.size(); }
  // Equal for equal sets, whatever the order of the changes: comparing two sets costs nothing.
  std::uint64_t fingerprint() const { return fingerprint_; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

  friend bool operator==(const ParameterSet&, const ParameterSet&) = default;

 private:
  std::vector<Entry> entries_;  // by name; about fifteen of them
  std::uint64_t fingerprint_ = 0;
};

// The entries of `wanted` that `current` lacks or has otherwise. They point into `wanted`.
std::vector<const ParameterSet::Entry*> differences(const ParameterSet& current, const ParameterSet& wanted);

// ParameterStatus for all of them.
void append_parameters(std::string& out, const ParameterSet& parameters);

}  // namespace howdah::wire
