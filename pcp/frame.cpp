#include "pcp/frame.hpp"

namespace howdah::pcp {

std::optional<Frame> FrameReader::next() {
  if (bad_length_ || buffer_.size() < kHeaderSize) return std::nullopt;
  const std::int32_t length = load_i32(buffer_.data() + 1);
  if (length < 4 || length > max_length_) {
    bad_length_ = length;
    return std::nullopt;
  }
  const std::size_t size = 1 + static_cast<std::size_t>(length);
  if (buffer_.size() < size) return std::nullopt;
  Frame frame{buffer_[0], buffer_.substr(kHeaderSize, size - kHeaderSize)};
  buffer_.erase(0, size);
  return frame;
}

void append_frame(std::string& out, char letter, std::string_view payload) {
  out.push_back(letter);
  append_u32(out, static_cast<std::uint32_t>(payload.size() + 4));
  out.append(payload);
}

void append_texts(std::string& out, char letter, std::initializer_list<std::string_view> texts) {
  std::string payload;
  for (const std::string_view text : texts) append_cstring(payload, text);
  append_frame(out, letter, payload);
}

void append_texts(std::string& out, char letter, std::string_view first, const std::vector<std::string>& rest) {
  std::string payload;
  append_cstring(payload, first);
  for (const std::string& text : rest) append_cstring(payload, text);
  append_frame(out, letter, payload);
}

std::vector<std::string> split_texts(std::string_view payload) {
  std::vector<std::string> texts;
  while (!payload.empty()) {
    const std::size_t end = payload.find('\0');
    texts.emplace_back(payload.substr(0, end));
    payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  }
  return texts;
}

}  // namespace howdah::pcp
