// What may fail returns Result<T>; exceptions do not cross a folder.
#pragma once

#include <boost/system/result.hpp>

#include "base/errors.hpp"

namespace howdah {

template <typename T>
using Result = boost::system::result<T, Error>;

// value() on an error is a mistake of ours; check first.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace howdah
