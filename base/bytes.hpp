// Views of bytes, and network byte order. PostgreSQL's and PCP's integers are big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace howdah {

using Bytes = std::span<const char>;  // borrowed; valid as long as its owner says

inline std::string_view as_text(Bytes bytes) { return {bytes.data(), bytes.size()}; }
inline Bytes as_bytes(std::string_view text) { return {text.data(), text.size()}; }

constexpr std::uint16_t load_u16(const char* p) {
  const auto b = [p](int i) { return static_cast<std::uint16_t>(static_cast<unsigned char>(p[i])); };
  return static_cast<std::uint16_t>(b(0) << 8 | b(1));
}
constexpr std::uint32_t load_u32(const char* p) {
  const auto b = [p](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i])); };
  return b(0) << 24 | b(1) << 16 | b(2) << 8 | b(3);
}
constexpr std::int32_t load_i32(const char* p) { return static_cast<std::int32_t>(load_u32(p)); }

inline void append_u16(std::string& out, std::uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value));
}
inline void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
// Overwrites four bytes, for lengths that are known only afterwards.
inline void store_u32(char* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<char>(value >> (24 - 8 * i));
}
// The text and its terminating NUL.
inline void append_cstring(std::string& out, std::string_view text) {
  out.append(text);
  out.push_back('\0');
}

}  // namespace howdah
