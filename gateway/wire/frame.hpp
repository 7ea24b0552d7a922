// Finds the messages in a stream of bytes. A message is a tag, a length word that counts itself, and a body (manual
// "55.7 Message Formats"). The scanner reads headers only and copies nothing: it says which part of the caller's chunk
// belongs to which message, so bodies stream through however they were cut. A header that is itself cut waits in the
// scanner (at most four bytes), so an idle connection needs no buffer.
// Where a reader needs a message whole, Assembler collects it; it copies only what arrived in pieces.
// One scanner and one assembler per direction of a connection, on its worker.
#pragma once

#include "base/bytes.hpp"
#include "base/errors.hpp"
#include "gateway/wire/message_types.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace howdah::wire {

inline constexpr std::size_t kHeaderSize = 5;  // tag and length word

// One message with its body. The bytes belong to the caller's chunk or to the assembler.
struct Message {
  char tag = 0;
  Bytes body;

  ClientTag client_tag() const { return static_cast<ClientTag>(tag); }
  ServerTag server_tag() const { return static_cast<ServerTag>(tag); }
};

// The part of one message that lies in the chunk at hand.
struct Piece {
  char tag = 0;
  std::uint32_t length = 0;  // the length word: itself and the body
  Bytes carried;             // header bytes that came with earlier chunks (0 to 4); the scanner's, until its next call
  Bytes bytes;               // in the chunk; begins with the rest of the header if this is the first piece
  bool is_first = false;
  bool is_last = false;

  bool is_whole() const { return is_first && is_last; }
  std::uint32_t body_length() const { return length - 4; }
  // The body's bytes in this piece.
  Bytes body() const { return is_first ? bytes.subspan(kHeaderSize - carried.size()) : bytes; }
};

enum class Scan : std::uint8_t {
  piece,      // a piece was found
  need_more,  // the chunk is used up
  broken,     // not the protocol: error() says what; the scanner stays broken
};

class FrameScanner {
 public:
  explicit FrameScanner(Sender sender) : sender_(sender) {}

  // Takes the next piece off the front of `chunk`. Pieces come in order and cover every byte.
  Scan next(Bytes& chunk, Piece& piece);

  // Takes the longest run of complete messages with this tag off the front of `chunk`, adds their number to `count`.
  // Empty if the chunk does not begin with one, or begins in the middle of a message. For rows: one call, one range.
  Bytes take_run(Bytes& chunk, ServerTag tag, std::uint64_t& count);

  // True when the last byte seen ended a message.
  bool is_between_messages() const { return left_ == 0 && header_size_ == 0 && !is_broken_; }
  // Bytes of the current message that are still to come.
  std::uint32_t left_of_message() const { return left_; }
  Error error() const;

 private:
  // Reads header_; false if it is none.
  bool accept_header();

  Sender sender_;
  bool is_broken_ = false;
  std::uint8_t header_size_ = 0;  // bytes of a cut header that wait in header_
  char tag_ = 0;
  char header_[kHeaderSize] = {};
  std::uint32_t length_ = 0;
  std::uint32_t left_ = 0;
};

// Collects the pieces of one message. Not for messages whose hold is `nothing`: those are forwarded as they come.
class Assembler {
 public:
  // The whole message once its last piece is here. The body is valid until the next call, and no longer than the
  // chunk of the piece. Nothing while pieces are missing.
  std::optional<Message> add(const Piece& piece);
  void clear() { body_.clear(); }

 private:
  std::string body_;
};

// A message's header. `body_size` counts the body only.
void append_header(std::string& out, char tag, std::uint32_t body_size);

}  // namespace howdah::wire
