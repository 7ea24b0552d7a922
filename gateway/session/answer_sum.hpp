// A running checksum of answers. It depends on the bytes alone, not on how they come in pieces, and takes eight of them with
// one multiplication (the round of xxHash64), so that runs of rows are cheap. Not for enemies: a server is trusted.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

namespace howdah {

class AnswerSum {
 public:
  void add(Bytes bytes) {
    size_ += bytes.size();
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; tail_size_ > 0 && left > 0; --left) take_byte(*at++);
    for (; left >= 8; left -= 8, at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      take(word);
    }
    for (; left > 0; --left) take_byte(*at++);
  }

  std::uint64_t size() const { return size_; }  // how many bytes
  std::uint64_t value() const { return std::rotl(state_ ^ tail_ * kSecond, 27) * kFirst + size_; }

 private:
  static constexpr std::uint64_t kFirst = 0x9E3779B185EBCA87;  // primes of xxHash64
  static constexpr std::uint64_t kSecond = 0xC2B2AE3D27D4EB4F;

  void take(std::uint64_t word) { state_ = std::rotl(state_ + word * kSecond, 31) * kFirst; }
  void take_byte(char byte) {
    tail_ |= std::uint64_t{static_cast<unsigned char>(byte)} << (8 * tail_size_);
    if (++tail_size_ < 8) return;
    take(tail_);
    tail_ = tail_size_ = 0;
  }

  std::uint64_t state_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t tail_ = 0;  // bytes that are no whole word yet, as a little-endian machine would load them
  unsigned tail_size_ = 0;
};

}  // namespace howdah
