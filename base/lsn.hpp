// A WAL position, as PostgreSQL's pg_lsn: a byte offset, written as two hexadecimal halves, "16/B374D848".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

struct Lsn {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(Lsn, Lsn) = default;
};

// Nothing if the text is not a pg_lsn.
std::optional<Lsn> parse_lsn(std::string_view text);
std::string to_text(Lsn lsn);

// How far `behind` is behind `ahead`, in bytes; 0 if it is not behind.
constexpr std::uint64_t lag_bytes(Lsn ahead, Lsn behind) {
  return ahead > behind ? ahead.value - behind.value : 0;
}

}  // namespace howdah
