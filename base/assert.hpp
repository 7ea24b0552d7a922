// HOWDAH_ASSERT: a broken invariant of ours. Stays on in release. Never for what comes from outside.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HOWDAH_ASSERT(condition)                                                               \
  do {                                                                                         \
    if (!(condition)) [[unlikely]] {                                                           \
      std::fprintf(stderr, "broken invariant: %s at %s:%d\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                            \
    }                                                                                          \
  } while (false)
