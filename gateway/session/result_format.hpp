// Values of our own tables as DataRow messages, in text or in binary format as a Bind asked for. Binary formats are those
// of the server's send functions (int4send, int8send, numeric_send); text is the same in both.
#pragma once

#include "gateway/session/text_table.hpp"
#include "gateway/wire/server_messages.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace howdah {

namespace pg_type {
inline constexpr std::uint32_t kInt8 = 20;
inline constexpr std::uint32_t kInt4 = 23;
inline constexpr std::uint32_t kText = 25;
inline constexpr std::uint32_t kNumeric = 1700;
}  // namespace pg_type

// `formats` as in Bind: none = all text, one = for all columns, else one per column; 1 = binary.
void append_table_head(std::string& out, const TextTable& table, std::span<const std::uint16_t> formats = {});
void append_table_row(std::string& out, const TextTable& table, std::size_t row,
                      std::span<const std::uint16_t> formats = {});

// A whole number, as text, in the binary format of `type`. Other types: the text itself.
std::string to_binary(std::uint32_t type, const std::string& text);

}  // namespace howdah
