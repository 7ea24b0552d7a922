// Boost.JSON's own code, compiled once for everybody.
#include <boost/json/src.hpp>
