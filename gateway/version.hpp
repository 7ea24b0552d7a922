// Which Pgpool we answer as, and who we are.
#pragma once

namespace howdah {

inline constexpr const char* kOwnVersion = "0.1";
inline constexpr const char* kVersionText = "4.7.2 (howdah 0.1)";

}  // namespace howdah
