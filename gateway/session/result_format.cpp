#include "gateway/session/result_format.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace howdah {

namespace {

bool is_binary(std::span<const std::uint16_t> formats, std::size_t column) {
  if (formats.empty()) return false;
  return formats[formats.size() == 1 ? 0 : std::min(column, formats.size() - 1)] == 1;
}

std::uint32_t type_of(const TextTable& table, std::size_t column) {
  return table.types.empty() ? pg_type::kText : table.types[column];
}

// Groups of four decimal digits, the weight of the first, sign, digits behind the point (numeric_send).
std::string numeric_of(std::string_view digits, bool is_negative) {
  constexpr std::size_t kGroup = 4;
  constexpr std::uint16_t kNegative = 0x4000;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  std::string padded((kGroup - digits.size() % kGroup) % kGroup, '0');
  padded.append(digits);
  const std::size_t groups = padded.size() / kGroup;
  std::string out;
  append_u16(out, static_cast<std::uint16_t>(groups));
  append_u16(out, static_cast<std::uint16_t>(groups == 0 ? 0 : groups - 1));
  append_u16(out, is_negative ? kNegative : 0);
  append_u16(out, 0);
  for (std::size_t i = 0; i < groups; ++i) {
    std::uint16_t group = 0;
    for (const char digit : padded.substr(i * kGroup, kGroup))
      group = static_cast<std::uint16_t>(group * 10 + (digit - '0'));
    append_u16(out, group);
  }
  return out;
}

}  // namespace

std::string to_binary(std::uint32_t type, const std::string& text) {
  const bool is_number = type == pg_type::kInt4 || type == pg_type::kInt8 || type == pg_type::kNumeric;
  if (!is_number) return text;
  const bool is_negative = text.starts_with('-');
  if (type == pg_type::kNumeric) return numeric_of(std::string_view(text).substr(is_negative ? 1 : 0), is_negative);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  std::string out;
  if (type == pg_type::kInt8) append_u32(out, static_cast<std::uint32_t>(value >> 32));
  append_u32(out, static_cast<std::uint32_t>(value));
  return out;
}

void append_table_head(std::string& out, const TextTable& table, std::span<const std::uint16_t> formats) {
  if (table.columns.empty()) return;
  std::vector<wire::ResultColumn> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    columns.push_back({table.columns[i], type_of(table, i), is_binary(formats, i)});
  wire::append_row_description(out, columns);
}

void append_table_row(std::string& out, const TextTable& table, std::size_t row,
                      std::span<const std::uint16_t> formats) {
  const auto& cells = table.rows[row];
  std::vector<std::string> kept;  // what the views below look at
  kept.reserve(cells.size());
  std::vector<std::optional<std::string_view>> values;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i]) {
      values.emplace_back();
    } else if (is_binary(formats, i)) {
      values.emplace_back(kept.emplace_back(to_binary(type_of(table, i), *cells[i])));
    } else {
      values.emplace_back(*cells[i]);
    }
  }
  wire::append_data_row(out, values);
}

}  // namespace howdah
