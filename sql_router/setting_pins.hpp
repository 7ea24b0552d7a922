// Which values of which settings change more than is carried from one server connection to another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

// One that is gone with its transaction, however it is set.
bool is_transaction_setting(std::string_view name);

// `name` in lower case; no value: it is reset.
std::optional<PinReason> pin_of_setting(std::string_view name, const std::optional<std::string>& value);

}  // namespace howdah
