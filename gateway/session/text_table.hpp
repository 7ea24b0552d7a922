// What SHOW POOL_*, EXPLAIN ROUTE and the PgBouncer console answer with: named columns and rows of text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace howdah {

struct TextTable {
  std::vector<std::string> columns = {};  // none: only the command tag is sent
  std::vector<std::vector<std::optional<std::string>>> rows = {};
  std::string command_tag = "SHOW";
  std::vector<std::uint32_t> types = {};  // of the columns, PostgreSQL's object ids; none: all text
  std::string notice = {};                // sent before the rest, if any
  std::string notice_detail = {};
};

}  // namespace howdah
