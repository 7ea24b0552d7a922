// What a command of the console is answered with: typed columns, rows, a tag, perhaps a notice.
#pragma once

#include "conf/enums.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

inline constexpr std::string_view kConsoleName = "pgbouncer";  // database and user of the console in reports

using Cell = std::optional<std::string>;  // nothing: NULL

// The types PgBouncer's console sends, by their object ids.
enum class CellType : std::uint32_t { bytea = 17, int8 = 20, int4 = 23, text = 25, numeric = 1700 };

struct ConsoleAnswer {
  std::vector<std::string> columns = {};  // none: only the tag is sent
  std::vector<CellType> types = {};
  std::vector<std::vector<Cell>> rows = {};
  std::string tag = "SHOW";
  std::string notice = {};
  std::string notice_detail = {};
};

// From which release on something is there.
enum class Since { ever, after_1_18 };

constexpr bool is_in(Since since, PgbouncerCompatibility version) {
  return since == Since::ever || version != PgbouncerCompatibility::v1_18;
}

// A column of a report. Old releases lack those that came later, and call some otherwise.
template <typename Row>
struct ConsoleColumn {
  std::string_view name;
  CellType type;
  Cell (*value)(const Row& row);
  Since since = Since::ever;
  std::string_view old_name = {};
};

template <typename Row>
ConsoleAnswer tabulate(std::span<const ConsoleColumn<Row>> columns, const std::vector<Row>& rows,
                       PgbouncerCompatibility version) {
  ConsoleAnswer answer;
  for (const auto& column : columns) {
    if (!is_in(column.since, version)) continue;
    const bool is_old = version == PgbouncerCompatibility::v1_18 && !column.old_name.empty();
    answer.columns.emplace_back(is_old ? column.old_name : column.name);
    answer.types.push_back(column.type);
  }
  for (const Row& row : rows) {
    auto& cells = answer.rows.emplace_back();
    for (const auto& column : columns)
      if (is_in(column.since, version)) cells.push_back(column.value(row));
  }
  return answer;
}

}  // namespace howdah::pcp
