// A set of enumerators in one word: what a statement does, in kinds. Enums need fewer than 32 values.
#pragma once

#include <cstdint>

namespace howdah {

template <typename Enum>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(Enum one) : bits_(bit(one)) {}

  constexpr bool has(Enum one) const { return (bits_ & bit(one)) != 0; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr void add(Enum one) { bits_ |= bit(one); }
  constexpr void add(EnumSet others) { bits_ |= others.bits_; }
  constexpr void remove(Enum one) { bits_ &= ~bit(one); }
  constexpr void clear() { bits_ = 0; }
  friend constexpr bool operator==(EnumSet, EnumSet) = default;

 private:
  static constexpr std::uint32_t bit(Enum one) { return std::uint32_t{1} << static_cast<unsigned>(one); }
  std::uint32_t bits_ = 0;
};

}  // namespace howdah
