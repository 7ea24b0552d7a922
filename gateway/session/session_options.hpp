// The settings a session works by, taken out of Settings once per load so that a session asks nothing by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/instant.hpp"
#include "conf/settings.hpp"
#include "gateway/session/reset_query.hpp"

namespace howdah {

struct SessionOptions {
  PoolMode pool_mode = PoolMode::transaction;
  Duration primary_wait_timeout = 30s;      // how long a statement waits for a primary; 0: it does not
  std::uint32_t primary_wait_max_clients = 0;  // how many clients do; 0: no limit
  Duration client_idle_limit = {};          // 0: none, also below
  Duration query_wait_notify = {};
  Duration idle_transaction_timeout = {};
  Duration query_timeout = {};
  Duration transaction_timeout = {};
  std::size_t max_parse_size = 256 * 1024;  // longer texts are not looked at and go to the primary
  std::size_t max_prepared_statements = 200;  // per server connection
  ResetQuery server_reset_query = read_reset_query("DISCARD ALL");
  CommitSafety commit_safety = CommitSafety::off;
  bool transaction_replay = false;
  std::size_t transaction_replay_size = 1024 * 1024;
  Duration transaction_replay_timeout = 30s;  // 0: none
  int max_retries = 5;                      // how often a read is run again, unseen, before its error is shown
};

// Of a client of that database and user, which may have settings of their own.
SessionOptions session_options_of(const Settings& settings, std::string_view database, std::string_view user);

}  // namespace howdah
