// Whom Howdah's own connections log in as.
#pragma once

#include <string>

namespace howdah::health {

struct Credentials {
  std::string user;
  std::string password = {};
  std::string database = "postgres";
  std::string sslmode = "prefer";
  std::string sslrootcert = {};  // files; empty: libpq's own places
  std::string sslcrl = {};
  std::string sslcert = {};
  std::string sslkey = {};
};

}  // namespace howdah::health
