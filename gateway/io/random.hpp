// Bytes nobody can guess, for salts, nonces and cancel keys.
#pragma once

#include <openssl/rand.h>

#include <span>

#include "base/assert.hpp"

namespace howdah {

inline void fill_random(std::span<char> out) {
  HOWDAH_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1);
}

}  // namespace howdah
