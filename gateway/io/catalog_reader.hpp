// Reads the catalogs of the databases that clients use, on the primary, as the user of the checks: a thread of its own,
// so that no client waits for it. What it reads becomes CatalogFacts for all workers; when it reads is CatalogWatch's
// decision. A connection is kept for a moment only: one that stayed would stand in the way of DROP DATABASE.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/log.hpp"
#include "gateway/session/database_catalog.hpp"
#include "health/cluster_view.hpp"
#include "health/io/credentials.hpp"
#include "health/io/pg_connection.hpp"
#include "sql_router/catalog/catalog_builder.hpp"
#include "sql_router/catalog/catalog_watch.hpp"

namespace howdah {

struct CatalogReaderOptions {
  CatalogRules rules;
  Duration interval = 10s;  // between looks for changes made elsewhere
  bool operator==(const CatalogReaderOptions&) const = default;
};

class CatalogReader {
 public:
  using Publish = std::function<void(const std::string& database, CatalogFactsPtr)>;

  // `publish` is called on the reader's thread.
  CatalogReader(health::Credentials login, CatalogReaderOptions options, Log& log, Publish publish);
  ~CatalogReader();  // stops

  void start();
  void stop();

  // ---- from any thread
  struct Entrance {
    CatalogChangesPtr changes;
    CatalogFactsPtr facts;  // the newest; null if there are none yet
  };
  // From now on the database's catalog is read.
  Entrance enter(const std::string& database);
  void set_view(ClusterViewPtr view);
  void set_options(CatalogReaderOptions options);

 private:
  struct Database {
    explicit Database(Duration interval) : watch(interval) {}
    std::uint32_t number = 0;
    std::uint32_t snapshot = 0;
    CatalogChangesPtr changes;
    CatalogFactsPtr facts;
    CatalogWatch watch;
    std::string fingerprint;
    std::string failure;       // of the newest attempt; empty: it went well
    std::optional<Instant> unused_since;
    std::unique_ptr<health::PgConnection> connection;
    Instant connection_used_at{};
  };
  struct Primary {
    NodeId id;
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const Primary&) const = default;
  };

  void run();
  Instant run_once();
  void run_step(const std::string& name, Database& database, CatalogStep step, const Primary& primary);
  Result<void> open(const std::string& name, Database& database, const Primary& primary, Instant deadline);
  Result<void> look(const std::string& name, Database& database, bool must_read, Instant begun);
  Result<health::PgRows> ask(Database& database, const std::string& sql, Instant deadline);
  void give(const std::string& name, Database& database, CatalogFactsPtr facts);
  void wake();
  void wait_until(Instant time);

  health::Credentials login_;
  Log& log_;
  Publish publish_;
  int wake_fd_;
  int stop_fd_;
  std::atomic<bool> is_stopping_ = false;

  std::mutex mutex_;  // guards everything down to the next empty line; never held while a server is asked
  std::map<std::string, std::unique_ptr<Database>> databases_;  // never shrinks; what is in them is the
                                                                // thread's but for `changes` and `facts`
  CatalogReaderOptions options_;
  std::optional<Primary> primary_;

  int server_version_ = 0;
  std::thread thread_;
};

}  // namespace howdah
