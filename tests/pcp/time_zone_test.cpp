// Dates in captures are UTC; the tests' process is, too.
#include <cstdlib>

namespace {
[[maybe_unused]] const int kIsSet = ::setenv("TZ", "UTC", 1);
}
