// A column of a report: its name in SHOW and the text of its value. A table of columns is an array of these; SHOW and
// PCP walk the same one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

template <typename Row>
struct Column {
  std::string_view name;
  std::string (*text)(const Row& row);
};

template <typename Columns>
std::vector<std::string> column_names(const Columns& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.emplace_back(column.name);
  return names;
}

// The first `count` values; PCP's older records are shorter.
template <typename Columns, typename Row>
std::vector<std::string> cells_of(const Columns& columns, const Row& row, std::size_t count) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < count; ++i) cells.push_back(columns[i].text(row));
  return cells;
}

template <typename Columns, typename Row>
std::vector<std::string> cells_of(const Columns& columns, const Row& row) {
  return cells_of(columns, row, columns.size());
}

}  // namespace howdah::pcp
