// The types of configuration values: how each is read from text and written as text. Pure. A new type of value is a new
// set of overloads here; a new enumeration is a name table in conf/enums.hpp and nothing here.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/enums.hpp"
#include "conf/words.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah {

using std::chrono::minutes;
using StringList = std::vector<std::string>;

// A list as a default value. (g++ 12 cannot count the members of a struct with {"a", "b"} in a member's initializer.)
template <typename... Words>
StringList list_of(Words... words) {
  StringList list;
  (list.emplace_back(words), ...);
  return list;
}

struct ByteSize {
  std::int64_t bytes = 0;
  friend constexpr auto operator<=>(ByteSize, ByteSize) = default;
};
constexpr ByteSize operator""_kB(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1024}; }
constexpr ByteSize operator""_MB(unsigned long long n) { return {static_cast<std::int64_t>(n) * 1024 * 1024}; }

// backend_flagN. ALLOW_TO_FAILOVER is the absence of disallow_to_failover.
struct BackendFlags {
  bool disallow_to_failover = false;
  bool always_primary = false;
  friend constexpr bool operator==(BackendFlags, BackendFlags) = default;
};

enum class Unit { none, byte, kilobyte, ms, s, min };
enum class NumberBase { decimal, octal, octal_shown_decimal };

struct ValueRules {
  std::int64_t min = 0;  // in `unit`
  std::int64_t max = 2147483647;
  Unit unit = Unit::none;  // of a bare number
  NumberBase base = NumberBase::decimal;
  char separator = ',';  // of lists
};

// Whom an error message names.
struct ValueContext {
  std::string name;
  ValueRules rules;
};

enum class TextStyle {
  status,  // SHOW POOL_STATUS and pcp_pool_status: 0/1, plain numbers, codes of enumerations
  show,    // PGPOOL SHOW: on/off, names, greatest unit that divides
  file,    // pgpool.conf: quoted where it must be
};

template <typename T>
struct Parsed {
  T value;
  std::string remark = {};  // what should be told about how the text was taken; mostly empty
};

Result<Parsed<bool>> parse_as(bool, std::string_view text, const ValueContext& context);
Result<Parsed<int>> parse_as(int, std::string_view text, const ValueContext& context);
Result<Parsed<double>> parse_as(double, std::string_view text, const ValueContext& context);
Result<Parsed<milliseconds>> parse_as(milliseconds, std::string_view text, const ValueContext& context);
Result<Parsed<seconds>> parse_as(seconds, std::string_view text, const ValueContext& context);
Result<Parsed<minutes>> parse_as(minutes, std::string_view text, const ValueContext& context);
Result<Parsed<ByteSize>> parse_as(ByteSize, std::string_view text, const ValueContext& context);
Result<Parsed<std::string>> parse_as(const std::string&, std::string_view text, const ValueContext& context);
Result<Parsed<StringList>> parse_as(const StringList&, std::string_view text, const ValueContext& context);
Result<Parsed<BackendFlags>> parse_as(BackendFlags, std::string_view text, const ValueContext& context);

std::string format_value(bool value, const ValueRules& rules, TextStyle style);
std::string format_value(int value, const ValueRules& rules, TextStyle style);
std::string format_value(double value, const ValueRules& rules, TextStyle style);
std::string format_value(milliseconds value, const ValueRules& rules, TextStyle style);
std::string format_value(seconds value, const ValueRules& rules, TextStyle style);
std::string format_value(minutes value, const ValueRules& rules, TextStyle style);
std::string format_value(ByteSize value, const ValueRules& rules, TextStyle style);
std::string format_value(const std::string& value, const ValueRules& rules, TextStyle style);
std::string format_value(const StringList& value, const ValueRules& rules, TextStyle style);
std::string format_value(BackendFlags value, const ValueRules& rules, TextStyle style);

// The index of the word in `names`, in any case; or the error that lists them.
Result<std::size_t> find_enum_name(std::string_view text, const std::vector<std::string_view>& names,
                                   const ValueContext& context);
std::string range_text(const ValueRules& rules);

// The rest is selection by type.

template <NamedEnum E>
std::vector<std::string_view> enum_words() {
  std::vector<std::string_view> words;
  for (const auto& row : names_of(E{})) words.push_back(row.name);
  return words;
}

template <NamedEnum E>
Result<Parsed<E>> parse_as(E, std::string_view text, const ValueContext& context) {
  const auto index = find_enum_name(text, enum_words<E>(), context);
  if (!index) return index.error();
  return Parsed<E>{names_of(E{})[*index].value};
}

template <NamedEnum E>
std::string format_value(E value, const ValueRules&, TextStyle style) {
  for (const auto& row : names_of(E{})) {
    if (row.value != value) continue;
    if (style == TextStyle::status) return std::to_string(row.code);
    return style == TextStyle::file ? conf::quoted(row.name) : std::string(row.name);
  }
  return {};
}

template <typename T>
Result<Parsed<T>> parse_value(std::string_view text, const ValueContext& context) {
  return parse_as(T{}, text, context);
}

template <typename T>
constexpr ValueRules default_rules(const T&) {
  ValueRules rules;
  if constexpr (std::same_as<T, ByteSize>) rules.unit = Unit::byte, rules.max = INT64_MAX;
  if constexpr (std::same_as<T, milliseconds>) rules.unit = Unit::ms;
  if constexpr (std::same_as<T, seconds>) rules.unit = Unit::s;
  if constexpr (std::same_as<T, minutes>) rules.unit = Unit::min;
  return rules;
}

template <typename T>
std::string describe_values(const T&, const ValueRules& rules) {
  if constexpr (std::same_as<T, bool>)
    return "on, off";
  else if constexpr (std::same_as<T, BackendFlags>)
    return "ALLOW_TO_FAILOVER, DISALLOW_TO_FAILOVER, ALWAYS_PRIMARY";
  else if constexpr (std::same_as<T, std::string> || std::same_as<T, StringList>)
    return {};
  else if constexpr (NamedEnum<T>)
    return conf::join(enum_words<T>(), ", ");
  else
    return range_text(rules);
}

template <typename T>
constexpr std::string_view type_name(const T&) {
  if constexpr (std::same_as<T, bool>)
    return "bool";
  else if constexpr (std::same_as<T, int>)
    return "integer";
  else if constexpr (std::same_as<T, double>)
    return "number";
  else if constexpr (std::same_as<T, ByteSize>)
    return "size";
  else if constexpr (std::same_as<T, std::string>)
    return "string";
  else if constexpr (std::same_as<T, StringList>)
    return "list";
  else if constexpr (std::same_as<T, BackendFlags>)
    return "flags";
  else if constexpr (NamedEnum<T>)
    return "enumeration";
  else
    return "time";
}

}  // namespace howdah
