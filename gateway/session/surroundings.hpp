// What the sessions of one worker share: all of it is used by that worker's thread only.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "base/rng.hpp"
#include "conf/settings.hpp"
#include "gateway/session/database_catalog.hpp"
#include "gateway/session/sequence_readers.hpp"
#include "gateway/session/statement_catalog.hpp"
#include "gateway/session/statement_statistics.hpp"
#include "gateway/session/statement_tally.hpp"
#include "gateway/session/traffic.hpp"
#include "gateway/session/waiting_room.hpp"
#include "gateway/session/welcome_cache.hpp"
#include "gateway/session/write_board.hpp"
#include "health/cluster_view.hpp"
#include "sql_router/login_change.hpp"
#include "sql_router/parse_cache.hpp"

namespace howdah {

struct Backend;

// log_statement and log_per_node_statement, as the newest configuration has them.
struct StatementLog {
  bool is_each = false;      // each statement once
  bool is_per_node = false;  // each time one is sent to a server
};

struct Surroundings {
  ParseCache& parse_cache;        // also holds the RoutingOptions in force
  StatementCatalog& catalog;
  WelcomeCache& welcome_cache;
  Rng& rng;
  Log& log;
  ClusterViewPtr view;            // the newest; the worker replaces it, then gives ViewChanged to waiting sessions
  std::uint64_t unnamed_serials = 0;  // numbers for unnamed statements
  std::shared_ptr<SequenceReaders> sequence_readers = std::make_shared<SequenceReaders>();  // shared by all workers
  struct SequenceDraws {  // of one user who has never called them
    std::uint32_t told = 0;    // by nextval and setval
    std::uint32_t untold = 0;  // perhaps, by rows that were added
  };
  std::map<std::pair<std::string, std::string>, SequenceDraws> sequence_draws = {};
  std::function<bool(const Backend&)> is_wanted = {};  // somebody waits for this server connection; none: it is not known
  StatementTally tally = {};
  StatementStatistics statistics = StatementStatistics();
  // How often a client has changed a schema. Shared by all workers: a statement prepared before is another one after.
  std::shared_ptr<std::atomic<std::uint64_t>> schema_changes = std::make_shared<std::atomic<std::uint64_t>>(0);
  std::shared_ptr<WaitingRoom> waiting_room = std::make_shared<WaitingRoom>();  // shared by all workers
  std::function<void(const LoginChange&)> tell_login_change = {};  // to all workers; none: to nobody
  StatementLog statement_log = {};
  std::function<const DatabaseCatalog*(const std::string& database)> catalog_of = {};  // outlives the session
  SettingsPtr settings = std::make_shared<const Settings>();  // in force, for PGPOOL SET

  WriteBoard* writes = nullptr;   // shared by all workers, each with its own slot; none: nothing is global
  std::size_t writer = 0;         // this worker's slot
  Instant (*clock)() = nullptr;   // asked at each write; none: the time of the event will do
  // A position that holds all writes that were acknowledged to anybody until then.
  struct GlobalBound {
    std::optional<Instant> wrote_at;
    Lsn position;
  } global_bound = {};
  TrafficBook traffic = {};
  std::string console_version = {};  // the server_version that the console reports
};

}  // namespace howdah
