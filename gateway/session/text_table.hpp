// What SHOW POOL_* and EXPLAIN ROUTE answer with: named columns of type text and rows of text.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace howdah {

struct TextTable {
  std::vector<std::string> columns = {};  // none: only the command tag is sent
  std::vector<std::vector<std::optional<std::string>>> rows = {};
  std::string command_tag = "SHOW";
};

}  // namespace howdah
