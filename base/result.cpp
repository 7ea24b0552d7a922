#include "base/result.hpp"

#include <stdexcept>

namespace howdah {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("value() on an error: " + to_text(error));
}

}  // namespace howdah
