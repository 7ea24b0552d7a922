// Settings whose value is a list of names: SET quotes each of its elements, set_config() takes the text as it is.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace howdah {

// GUC_LIST_QUOTE; extensions cannot have any. pg_dump keeps the same list (variable_is_guc_list_quote).
constexpr bool is_list_of_names(std::string_view setting) {
  constexpr std::array<std::string_view, 6> kSettings{"local_preload_libraries",   "search_path",
                                                      "session_preload_libraries", "shared_preload_libraries",
                                                      "temp_tablespaces",          "unix_socket_directories"};
  return std::find(kSettings.begin(), kSettings.end(), setting) != kSettings.end();
}

}  // namespace howdah
