#include "conf/format.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace howdah {

namespace {

// String parameters that Pgpool shows as "(null)" until they are set.
constexpr auto kNullable =
    std::to_array<std::string_view>({"dml_adaptive_object_relationship_list", "user_redirect_preference_list",
                                     "database_redirect_preference_list", "app_name_redirect_preference_list"});

bool is_shown_without_unit(const ParamBase& param) {
  return param.number() < 0 && (param.family().starts_with("health_check_") || param.family() == "connect_timeout");
}

}  // namespace

std::string status_value(const ParamBase& param) {
  const bool is_nullable = std::find(kNullable.begin(), kNullable.end(), param.family()) != kNullable.end();
  if (is_nullable && !param.is_set()) return "(null)";
  // The name of the password file is no secret to those who may see the status, and Pgpool shows it there.
  if (param.is_secret() && param.family() != "pool_passwd") return kHidden;
  return param.text(TextStyle::status);
}

std::string show_value(const ParamBase& param) {
  if (param.is_secret()) return kHidden;
  const bool is_plain_number = is_shown_without_unit(param) && param.type_text() == "time";
  return param.text(is_plain_number ? TextStyle::status : TextStyle::show);
}

std::string file_value(const ParamBase& param) { return param.text(TextStyle::file); }

}  // namespace howdah
