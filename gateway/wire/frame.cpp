#include "gateway/wire/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace howdah::wire {

Scan FrameScanner::next(Bytes& chunk, Piece& piece) {
  if (is_broken_) return Scan::broken;
  if (chunk.empty()) return Scan::need_more;
  piece = Piece{};
  if (left_ == 0) {
    // The first byte is judged at once: who sends nonsense may never send a second one.
    if (header_size_ == 0 && find_message_type(sender_, chunk[0]) == nullptr) {
      tag_ = chunk[0];
      is_broken_ = true;
      return Scan::broken;
    }
    const std::size_t missing = kHeaderSize - header_size_;
    if (chunk.size() < missing) {
      std::copy(chunk.begin(), chunk.end(), header_ + header_size_);
      header_size_ = static_cast<std::uint8_t>(header_size_ + chunk.size());
      chunk = {};
      return Scan::need_more;
    }
    std::copy_n(chunk.begin(), missing, header_ + header_size_);
    piece.carried = Bytes{header_, header_size_};
    piece.is_first = true;
    header_size_ = 0;
    if (!accept_header()) return Scan::broken;
    left_ = length_ + 1 - static_cast<std::uint32_t>(piece.carried.size());
  }
  piece.tag = tag_;
  piece.length = length_;
  piece.bytes = chunk.first(std::min<std::size_t>(left_, chunk.size()));
  chunk = chunk.subspan(piece.bytes.size());
  left_ -= static_cast<std::uint32_t>(piece.bytes.size());
  piece.is_last = left_ == 0;
  return Scan::piece;
}

bool FrameScanner::accept_header() {
  tag_ = header_[0];
  length_ = load_u32(header_ + 1);
  const MessageType* type = find_message_type(sender_, tag_);
  is_broken_ = type == nullptr || length_ < kEmptyBody || length_ > type->max_length;
  return !is_broken_;
}

Bytes FrameScanner::take_run(Bytes& chunk, ServerTag tag, std::uint64_t& count) {
  if (left_ != 0 || header_size_ != 0 || is_broken_ || sender_ != Sender::server) return {};
  const std::uint32_t max_length = type_of(tag).max_length;
  std::size_t at = 0;
  while (chunk.size() - at >= kHeaderSize && chunk[at] == static_cast<char>(tag)) {
    const std::uint32_t length = load_u32(chunk.data() + at + 1);
    // A bad length is left to next(), which says what is wrong.
    if (length < kEmptyBody || length > max_length || chunk.size() - at - 1 < length) break;
    at += std::size_t{length} + 1;
    ++count;
  }
  const Bytes run = chunk.first(at);
  chunk = chunk.subspan(at);
  return run;
}

Error FrameScanner::error() const {
  const MessageType* type = find_message_type(sender_, tag_);
  const bool is_client = sender_ == Sender::client;
  const ErrorCode code = is_client ? ErrorCode::protocol_violation : ErrorCode::backend_protocol_violation;
  if (type == nullptr)
    return Error{code, fmt::format("invalid {} message type {}", is_client ? "frontend" : "backend",
                                   static_cast<int>(static_cast<unsigned char>(tag_)))};
  return Error{
      code, "invalid message length",
      fmt::format("{} says {} bytes, allowed are {} to {}", type->name, length_, kEmptyBody, type->max_length)};
}

std::optional<Message> Assembler::add(const Piece& piece) {
  if (piece.is_whole()) return Message{piece.tag, piece.body()};
  if (piece.is_first) {
    body_.clear();
    // What is announced is not believed: memory grows with what really comes.
    body_.reserve(std::min<std::size_t>(piece.body_length(), kShortAnswerLimit));
  }
  const Bytes body = piece.body();
  body_.append(body.data(), body.size());
  if (!piece.is_last) return std::nullopt;
  return Message{piece.tag, as_bytes(body_)};
}

void append_header(std::string& out, char tag, std::uint32_t body_size) {
  out.push_back(tag);
  append_u32(out, body_size + 4);
}

}  // namespace howdah::wire
