// PCP's packets: a letter, a big-endian length that counts itself and the payload, the payload. Texts inside end in
// NUL; a list is one text after another until the packet ends. Used by both sides: the server bounds what it takes, the
// client takes what the server's report needs. Pure.
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

inline constexpr std::int32_t kMaxRequestLength = 259;     // Pgpool's bound
inline constexpr std::int32_t kMaxReplyLength = 64 << 20;  // a record is hundreds of bytes; this stops nonsense
inline constexpr std::size_t kHeaderSize = 5;

struct Frame {
  char letter = 0;
  std::string payload = {};
};

// Cuts a byte stream into frames. A length outside 4..max_length is an error that stays: the stream cannot be followed
// any more.
class FrameReader {
 public:
  explicit FrameReader(std::int32_t max_length) : max_length_(max_length) {}

  void feed(Bytes bytes) { buffer_.append(bytes.data(), bytes.size()); }
  std::optional<Frame> next();
  // The offending length, once next() has met one.
  std::optional<std::int32_t> bad_length() const { return bad_length_; }
  std::size_t buffered() const { return buffer_.size(); }

 private:
  std::int32_t max_length_;
  std::string buffer_;
  std::optional<std::int32_t> bad_length_;
};

void append_frame(std::string& out, char letter, std::string_view payload);
// A frame of NUL-terminated texts.
void append_texts(std::string& out, char letter, std::initializer_list<std::string_view> texts);
void append_texts(std::string& out, char letter, std::string_view first, const std::vector<std::string>& rest);

// The NUL-terminated texts of a payload; bytes after the last NUL are one more text.
std::vector<std::string> split_texts(std::string_view payload);

}  // namespace howdah::pcp
