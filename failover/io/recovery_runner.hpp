// Carries out online recoveries (failover/online_recovery.hpp), one at a time, on a thread and over connections of its own:
// a script that runs for hours delays no step of a failover.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "base/log.hpp"
#include "failover/online_recovery.hpp"
#include "health/cluster_view.hpp"
#include "health/io/credentials.hpp"
#include "health/io/pg_connection.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

struct RecoveryJob {
  RecoveryTask task;
  health::Credentials login;               // as recovery_user
  std::function<void(Result<void>)> then;  // called exactly once, on the runner's thread
};

class RecoveryRunner {
 public:
  // `attach` waits for its outcome; both are called on the runner's thread.
  struct Surroundings {
    std::function<Result<void>(NodeId)> attach;
    std::function<ClusterViewPtr()> view;
  };

  RecoveryRunner(Log& log, Surroundings surroundings);
  ~RecoveryRunner();  // breaks off what is under way; the script on the primary runs on by itself
  RecoveryRunner(const RecoveryRunner&) = delete;
  RecoveryRunner& operator=(const RecoveryRunner&) = delete;

  // From any thread.
  bool is_busy() const { return is_busy_; }
  void run(RecoveryJob job);  // not while it is busy

 private:
  void work();
  Result<void> carry_out(const RecoveryJob& job);

  Log& log_;
  Surroundings surroundings_;
  std::atomic<bool> is_busy_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<RecoveryJob> next_;
  health::StoppableThread thread_;
};

}  // namespace howdah::failover
