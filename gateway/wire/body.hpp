// The two tools every message is made and read with: a cursor over a body that cannot run past its end, and a scope
// that fills in a message's length. Integers are big-endian, strings end in NUL (manual "55.6 Message Data Types").
#pragma once

#include "base/bytes.hpp"
#include "base/errors.hpp"
#include "gateway/wire/message_types.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace howdah::wire {

inline constexpr std::uint32_t kNullLength = 0xffffffff;  // -1: the value is NULL

// Reads a body from front to end. After the first read beyond the end all results are empty and is_broken() is true,
// so a parser reads everything and asks once.
class BodyReader {
 public:
  explicit BodyReader(Bytes body) : rest_(body) {}

  std::uint8_t take_u8() {
    const Bytes bytes = take_bytes(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
  }
  std::uint16_t take_u16() {
    const Bytes bytes = take_bytes(2);
    return bytes.empty() ? std::uint16_t{0} : load_u16(bytes.data());
  }
  std::uint32_t take_u32() {
    const Bytes bytes = take_bytes(4);
    return bytes.empty() ? 0 : load_u32(bytes.data());
  }
  std::string_view take_cstring() {
    const void* end = rest_.empty() ? nullptr : std::memchr(rest_.data(), '\0', rest_.size());
    if (end == nullptr) {
      fail();
      return {};
    }
    const auto size = static_cast<std::size_t>(static_cast<const char*>(end) - rest_.data());
    const std::string_view text{rest_.data(), size};
    rest_ = rest_.subspan(size + 1);
    return text;
  }
  Bytes take_bytes(std::size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const Bytes bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  Bytes rest() const { return rest_; }
  bool is_broken() const { return is_broken_; }
  // Everything was read, and nothing else was wanted.
  bool is_done() const { return !is_broken_ && rest_.empty(); }

 private:
  void fail() {
    is_broken_ = true;
    rest_ = {};
  }

  Bytes rest_;
  bool is_broken_ = false;
};

// Begins a message at the end of `out`; its destructor stores the length. One at a time per string.
class MessageScope {
 public:
  MessageScope(std::string& out, char tag) : out_(out) {
    out_.push_back(tag);
    length_at_ = out_.size();
    append_u32(out_, 0);
  }
  MessageScope(std::string& out, ClientTag tag) : MessageScope(out, static_cast<char>(tag)) {}
  MessageScope(std::string& out, ServerTag tag) : MessageScope(out, static_cast<char>(tag)) {}
  MessageScope(const MessageScope&) = delete;
  MessageScope& operator=(const MessageScope&) = delete;
  ~MessageScope() { store_u32(out_.data() + length_at_, static_cast<std::uint32_t>(out_.size() - length_at_)); }

 private:
  std::string& out_;
  std::size_t length_at_;
};

inline Error malformed(Sender sender, std::string_view message_name) {
  return Error{sender == Sender::client ? ErrorCode::protocol_violation : ErrorCode::backend_protocol_violation,
               "invalid message format", "in " + std::string(message_name)};
}
inline Error malformed(ClientTag tag) { return malformed(Sender::client, type_of(tag).name); }
inline Error malformed(ServerTag tag) { return malformed(Sender::server, type_of(tag).name); }

}  // namespace howdah::wire
