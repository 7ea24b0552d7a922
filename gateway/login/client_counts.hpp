// How many clients have logged in to each database and as each user, over all workers, and whether one more may.
// Pure; the shell guards it with a mutex.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.hpp"
#include "conf/settings.hpp"

namespace howdah::login {

struct ClientLimits {
  std::uint32_t of_database = 0;  // 0: none
  std::uint32_t of_user = 0;
  std::string database_setting = "max_db_client_connections";  // the names an operator would raise
  std::string user_setting = "max_user_client_connections";
};

ClientLimits client_limits_of(const Settings& settings, const std::string& database, const std::string& user);

class ClientCounts {
 public:
  // Counts the client, unless it is one too many.
  Result<void> enter(const std::string& database, const std::string& user, const ClientLimits& limits);
  void leave(const std::string& database, const std::string& user);

 private:
  std::map<std::string, std::uint32_t> databases_;  // none of them is 0
  std::map<std::string, std::uint32_t> users_;
};

}  // namespace howdah::login
