#include "conf/value.hpp"

#include "base/ascii.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <type_traits>

namespace howdah {

using namespace conf;

namespace {

struct UnitRow {
  Unit unit;
  std::string_view name;
  std::int64_t amount;  // in microseconds, or in bytes
};

// Finest first, because text is written with the greatest unit that divides.
constexpr auto kTimeUnits = std::to_array<UnitRow>({{Unit::none, "us", 1},
                                                    {Unit::ms, "ms", 1000},
                                                    {Unit::s, "s", 1000000},
                                                    {Unit::min, "min", 60000000},
                                                    {Unit::none, "h", 3600000000},
                                                    {Unit::none, "d", 86400000000}});
constexpr auto kSizeUnits = std::to_array<UnitRow>({{Unit::byte, "B", 1},
                                                    {Unit::kilobyte, "kB", 1024},
                                                    {Unit::none, "MB", 1048576},
                                                    {Unit::none, "GB", 1073741824},
                                                    {Unit::none, "TB", 1099511627776}});
using UnitTable = std::span<const UnitRow>;

UnitTable units_like(Unit unit) {
  if (unit == Unit::byte || unit == Unit::kilobyte) return kSizeUnits;
  return unit == Unit::none ? UnitTable{} : UnitTable{kTimeUnits};
}

const UnitRow* row_of(Unit unit) {
  for (const UnitRow& row : units_like(unit))
    if (row.unit == unit) return &row;
  return nullptr;
}

Error bad_value(std::string_view text, const ValueContext& context, std::string hint = {}) {
  return {ErrorCode::configuration,
          fmt::format("invalid value for parameter \"{}\": \"{}\"", context.name, shown(text)),
          {},
          std::move(hint)};
}

Error out_of_range(std::string_view text, const ValueContext& context) {
  return {ErrorCode::configuration, fmt::format("{} is outside the valid range for parameter \"{}\" ({})", shown(text),
                                                context.name, range_text(context.rules))};
}

// A number as written: the part before the unit, and the unit's name.
struct NumberText {
  bool is_negative = false;
  std::string_view digits;    // before the point, with a possible 0x
  std::string_view fraction;  // with the point, or empty
  std::string_view unit;
};


std::optional<NumberText> split_number(std::string_view text) {
  text = trimmed(text);
  NumberText number;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    number.is_negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const auto is_part = [is_hex](char c) { return is_hex ? std::isxdigit(static_cast<unsigned char>(c)) : is_digit(c); };
  std::size_t end = is_hex ? 2 : 0;
  while (end < text.size() && is_part(text[end])) ++end;
  number.digits = text.substr(0, end);
  if (number.digits.size() == (is_hex ? 2U : 0U)) return std::nullopt;
  text.remove_prefix(end);
  if (!is_hex && text.starts_with('.')) {
    end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    number.fraction = text.substr(0, end);
    text.remove_prefix(end);
  }
  number.unit = trimmed(text);
  return number;
}

// Nothing if it is beyond 64 bits or not all digits of its base.
std::optional<std::int64_t> whole_number(const NumberText& number, NumberBase base) {
  std::string_view digits = number.digits;
  int radix = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    radix = 16;
    digits.remove_prefix(2);
  } else if (base != NumberBase::decimal && digits.starts_with('0')) {
    radix = 8;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, radix);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number.is_negative ? -value : value;
}

double fraction_of(const NumberText& number) {
  double value = 0;
  double place = 0.1;
  for (const char c : number.fraction.substr(number.fraction.empty() ? 0 : 1)) {
    value += (c - '0') * place;
    place /= 10;
  }
  return number.is_negative ? -value : value;
}

std::string unit_hint(UnitTable units) {
  std::vector<std::string_view> names;
  for (const UnitRow& row : units) names.push_back(row.name);
  return fmt::format("Valid units are {}, in this spelling.", join(names, ", "));
}

// The value in steps of `step` base units (microseconds or bytes), with a remark where something was lost.
Result<Parsed<std::int64_t>> parse_amount(std::string_view text, const ValueContext& context, std::int64_t step) {
  const auto number = split_number(text);
  const UnitRow* bare = row_of(context.rules.unit);
  const UnitTable units = units_like(context.rules.unit);
  if (!number) return bad_value(text, context);
  const UnitRow* unit = bare;
  if (!number->unit.empty()) {
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const auto& row) { return row.name == number->unit; });
    if (found == units.end()) return bad_value(text, context, units.empty() ? "" : unit_hint(units));
    unit = &*found;
  }
  const auto whole = whole_number(*number, context.rules.base);
  std::int64_t scaled = 0;
  const std::int64_t unit_amount = unit ? unit->amount : 1;
  if (!whole) return bad_value(text, context);
  if (__builtin_mul_overflow(*whole, unit_amount, &scaled)) return out_of_range(text, context);

  Parsed<std::int64_t> parsed{0};
  // Whole seconds and plain numbers lose a bare fraction, as in Pgpool; with a unit, or where the type is finer, it
  // counts.
  const bool counts_fraction = !number->unit.empty() || step < unit_amount;
  if (counts_fraction) scaled += std::llround(fraction_of(*number) * static_cast<double>(unit_amount));
  if (scaled < 0 && context.rules.min >= 0) return out_of_range(text, context);  // before it is rounded to 0
  if (scaled % step != 0) {
    scaled = (scaled + (scaled < 0 ? -step : step) / 2) / step * step;
    parsed.remark = fmt::format("{} is rounded", shown(text));
  } else if (!counts_fraction && fraction_of(*number) != 0) {
    parsed.remark = fmt::format("the fraction of {} is cut off", shown(text));
  }
  const std::int64_t bare_amount = bare ? bare->amount : 1;
  if (scaled / bare_amount < context.rules.min || scaled / bare_amount > context.rules.max)
    return out_of_range(text, context);
  parsed.value = scaled / step;
  return parsed;
}

template <typename T>
Result<Parsed<T>> parse_time(std::string_view text, const ValueContext& context) {
  const auto amount = parse_amount(text, context, std::chrono::duration_cast<microseconds>(T{1}).count());
  if (!amount) return amount.error();
  return Parsed<T>{T{amount->value}, amount->remark};
}

std::string with_greatest_unit(std::int64_t amount, UnitTable units) {
  if (amount == 0) return "0";
  const UnitRow* best = &units.front();
  for (const UnitRow& row : units)
    if (amount % row.amount == 0) best = &row;
  return fmt::format("{}{}", amount / best->amount, best->name);
}

std::string format_amount(std::int64_t amount, const ValueRules& rules, TextStyle style) {
  if (style != TextStyle::status) return with_greatest_unit(amount, units_like(rules.unit));
  const std::int64_t unit = row_of(rules.unit)->amount;
  if (amount % unit == 0) return std::to_string(amount / unit);
  return fmt::format("{}", static_cast<double>(amount) / static_cast<double>(unit));
}

std::string format_time(microseconds value, const ValueRules& rules, TextStyle style) {
  return format_amount(value.count(), rules, style);
}

}  // namespace

Result<Parsed<bool>> parse_as(bool, std::string_view text, const ValueContext& context) {
  const std::string word = lower_case(trimmed(text));
  if (word.empty()) return Parsed<bool>{true, "an empty value means on"};
  if (word == "1") return Parsed<bool>{true};
  if (word == "0") return Parsed<bool>{false};
  const auto begins = [&word](std::string_view full, std::size_t least) {
    return word.size() >= least && full.starts_with(word);
  };
  if (begins("on", 2) || begins("true", 1) || begins("yes", 1)) return Parsed<bool>{true};
  if (begins("off", 2) || begins("false", 1) || begins("no", 1)) return Parsed<bool>{false};
  return bad_value(text, context, "It is on or off.");
}

Result<Parsed<int>> parse_as(int, std::string_view text, const ValueContext& context) {
  const auto amount = parse_amount(text, context, 1);
  if (!amount) return amount.error();
  return Parsed<int>{static_cast<int>(amount->value), amount->remark};
}

Result<Parsed<double>> parse_as(double, std::string_view text, const ValueContext& context) {
  const std::string_view number = trimmed(text);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size() || !std::isfinite(value))
    return bad_value(text, context);
  if (value < static_cast<double>(context.rules.min) || value > static_cast<double>(context.rules.max))
    return out_of_range(text, context);
  return Parsed<double>{value};
}

Result<Parsed<milliseconds>> parse_as(milliseconds, std::string_view text, const ValueContext& context) {
  return parse_time<milliseconds>(text, context);
}
Result<Parsed<seconds>> parse_as(seconds, std::string_view text, const ValueContext& context) {
  return parse_time<seconds>(text, context);
}
Result<Parsed<minutes>> parse_as(minutes, std::string_view text, const ValueContext& context) {
  return parse_time<minutes>(text, context);
}

Result<Parsed<ByteSize>> parse_as(ByteSize, std::string_view text, const ValueContext& context) {
  const auto amount = parse_amount(text, context, 1);
  if (!amount) return amount.error();
  return Parsed<ByteSize>{ByteSize{amount->value}, amount->remark};
}

Result<Parsed<std::string>> parse_as(const std::string&, std::string_view text, const ValueContext& context) {
  if (text.find('\0') != std::string_view::npos) return bad_value(text, context);
  return Parsed<std::string>{std::string(text)};
}

Result<Parsed<StringList>> parse_as(const StringList&, std::string_view text, const ValueContext& context) {
  if (text.find('\0') != std::string_view::npos) return bad_value(text, context);
  return Parsed<StringList>{split_list(text, context.rules.separator)};
}

Result<Parsed<BackendFlags>> parse_as(BackendFlags, std::string_view text, const ValueContext& context) {
  BackendFlags flags;
  std::string remark;
  bool allows = false;
  for (const std::string& word : split_list(text, '|')) {
    const std::string flag = lower_case(word);
    if (flag == "allow_to_failover") {
      allows = true;
    } else if (flag == "disallow_to_failover") {
      flags.disallow_to_failover = true;
    } else if (flag == "always_primary") {
      flags.always_primary = true;
    } else if (flag == "always_master") {  // Pgpool before 4.2
      flags.always_primary = true;
      remark = "ALWAYS_MASTER is the old name of ALWAYS_PRIMARY";
    } else {
      return bad_value(text, context, fmt::format("Unknown backend flag: {}.", shown(word)));
    }
  }
  if (allows && flags.disallow_to_failover)
    return bad_value(text, context, "ALLOW_TO_FAILOVER and DISALLOW_TO_FAILOVER exclude each other.");
  return Parsed<BackendFlags>{flags, remark};
}

std::string format_value(bool value, const ValueRules&, TextStyle style) {
  if (style == TextStyle::status) return value ? "1" : "0";
  return value ? "on" : "off";
}

std::string format_value(int value, const ValueRules& rules, TextStyle style) {
  const bool is_octal =
      rules.base == NumberBase::octal || (rules.base == NumberBase::octal_shown_decimal && style == TextStyle::file);
  return is_octal ? fmt::format("{:04o}", value) : std::to_string(value);
}

std::string format_value(double value, const ValueRules&, TextStyle style) {
  return style == TextStyle::status ? fmt::format("{:.6f}", value) : fmt::format("{}", value);
}

std::string format_value(milliseconds value, const ValueRules& rules, TextStyle style) {
  return format_time(value, rules, style);
}
std::string format_value(seconds value, const ValueRules& rules, TextStyle style) {
  return format_time(value, rules, style);
}
std::string format_value(minutes value, const ValueRules& rules, TextStyle style) {
  return format_time(value, rules, style);
}

std::string format_value(ByteSize value, const ValueRules& rules, TextStyle style) {
  return format_amount(value.bytes, rules, style);
}

std::string format_value(const std::string& value, const ValueRules&, TextStyle style) {
  return style == TextStyle::file ? quoted(value) : value;
}

std::string format_value(const StringList& value, const ValueRules& rules, TextStyle style) {
  std::string text;
  for (const std::string& item : value) {
    if (!text.empty()) text += rules.separator;
    text += style == TextStyle::file ? escaped_item(item, rules.separator) : item;
  }
  return style == TextStyle::file ? quoted(text) : text;
}

std::string format_value(BackendFlags value, const ValueRules&, TextStyle style) {
  std::string text = value.disallow_to_failover ? "DISALLOW_TO_FAILOVER" : "ALLOW_TO_FAILOVER";
  if (value.always_primary) text += "|ALWAYS_PRIMARY";
  return style == TextStyle::file ? quoted(text) : text;
}

Result<std::size_t> find_enum_name(std::string_view text, const std::vector<std::string_view>& names,
                                   const ValueContext& context) {
  const std::string word = lower_case(trimmed(text));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (lower_case(names[i]) == word) return i;
  return bad_value(text, context, fmt::format("Available values: {}", join(names, ", ")));
}

std::string range_text(const ValueRules& rules) {
  const std::string_view unit = row_of(rules.unit) ? row_of(rules.unit)->name : "";
  if (rules.base != NumberBase::decimal) return fmt::format("{:04o} .. {:04o}", rules.min, rules.max);
  return fmt::format("{} .. {}{}{}", rules.min, rules.max, unit.empty() ? "" : " ", unit);
}

}  // namespace howdah
