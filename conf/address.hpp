// An IP address as bytes, and ranges of them. Parsed here and not by the system, so that the rules stay pure: no name
// is looked up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes = {};  // IPv4 uses the first four

  int bit_count() const { return is_v6 ? 128 : 32; }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

// "10.1.2.3", "fe80::1", "::ffff:10.1.2.3" (which is the IPv4 address); a zone (%eth0) is ignored.
std::optional<IpAddress> parse_ip(std::string_view text);

struct IpRange {
  IpAddress address;
  IpAddress mask;
  bool contains(const IpAddress& other) const;
};

std::optional<IpRange> make_range(const IpAddress& address, int prefix_bits);  // nothing if there are too many bits
std::optional<IpRange> make_range(const IpAddress& address, const IpAddress& mask);  // nothing if they differ in kind

}  // namespace howdah
