#include "conf/address.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace howdah {

namespace {

bool parse_v4(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const auto dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos || dot == 0 || dot > 3) return false;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + dot, value);
    if (error != std::errc{} || end != text.data() + dot || value > 255) return false;
    out[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return text.empty();
}

// Groups of up to four hexadecimal digits between colons; the last of the address may be an IPv4 address.
bool parse_groups(std::string_view text, bool is_end, std::vector<std::uint8_t>& out) {
  if (text.empty()) return true;
  while (out.size() <= 16) {
    const auto colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (is_end && colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      std::uint8_t v4[4];
      if (!parse_v4(group, v4)) return false;
      out.insert(out.end(), v4, v4 + 4);
      return true;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (group.size() > 4 || error != std::errc{} || end != group.data() + group.size()) return false;
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
  }
  return false;
}

bool is_mapped_v4(const std::array<std::uint8_t, 16>& bytes) {
  for (int i = 0; i < 10; ++i)
    if (bytes[static_cast<std::size_t>(i)] != 0) return false;
  return bytes[10] == 0xff && bytes[11] == 0xff;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  std::vector<std::uint8_t> head;
  std::vector<std::uint8_t> tail;
  const auto gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  if (!parse_groups(text.substr(0, gap), !has_gap, head)) return std::nullopt;
  if (has_gap && !parse_groups(text.substr(gap + 2), true, tail)) return std::nullopt;
  const std::size_t size = head.size() + tail.size();
  if (has_gap ? size > 14 : size != 16) return std::nullopt;
  IpAddress address{true};
  std::copy(head.begin(), head.end(), address.bytes.begin());
  std::copy(tail.begin(), tail.end(), address.bytes.end() - static_cast<std::ptrdiff_t>(tail.size()));
  if (!is_mapped_v4(address.bytes)) return address;
  IpAddress mapped;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), mapped.bytes.begin());
  return mapped;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  text = text.substr(0, text.find('%'));
  if (text.size() > 45) return std::nullopt;  // the longest spelling of an address
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  IpAddress address;
  if (!parse_v4(text, address.bytes.data())) return std::nullopt;
  return address;
}

bool IpRange::contains(const IpAddress& other) const {
  if (other.is_v6 != address.is_v6) return false;
  for (std::size_t i = 0; i < address.bytes.size(); ++i)
    if ((other.bytes[i] & mask.bytes[i]) != (address.bytes[i] & mask.bytes[i])) return false;
  return true;
}

std::optional<IpRange> make_range(const IpAddress& address, int prefix_bits) {
  if (prefix_bits < 0 || prefix_bits > address.bit_count()) return std::nullopt;
  IpRange range{address, {address.is_v6}};
  for (int bit = 0; bit < prefix_bits; ++bit)
    range.mask.bytes[static_cast<std::size_t>(bit / 8)] |= static_cast<std::uint8_t>(0x80 >> (bit % 8));
  return range;
}

std::optional<IpRange> make_range(const IpAddress& address, const IpAddress& mask) {
  if (address.is_v6 != mask.is_v6) return std::nullopt;
  return IpRange{address, mask};
}

}  // namespace howdah
