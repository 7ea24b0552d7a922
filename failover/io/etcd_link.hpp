// This gateway's line to etcd: keeps its lease and its vote there, carries out what the coordinator wants, and reads what
// all gateways have written, after each order and at every period. One thread; readings go to `report`, on it. Ended in
// good order it gives its lease back, so that the others need not wait for its end.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "failover/actions.hpp"
#include "failover/etcd.hpp"
#include "failover/io/http_client.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

struct EtcdOptions {
  HttpOptions http = {};
  std::string user = {};  // empty: etcd asks for none
  std::string password = {};
  std::string cluster_name = {};
  seconds lease_time = 5s;
};

class EtcdLink {
 public:
  using Order = std::variant<TakeLock, DropLock, ClaimOffice>;
  using Report = std::function<void(CouncilSeen)>;

  EtcdLink(EtcdOptions options, Report report);
  ~EtcdLink();  // ends the thread
  EtcdLink(const EtcdLink&) = delete;
  EtcdLink& operator=(const EtcdLink&) = delete;

  // From the control thread.
  void watch(Duration period);
  void tell(Vote vote);
  void carry_out(Order order);

 private:
  void run();
  bool wait_for_work();
  Result<Assembly> do_round();
  Result<void> keep_lease();
  Result<void> put_vote();
  Result<void> do_orders();
  Result<std::string> call(const EtcdCall& call);
  Result<std::string> call_once(const EtcdCall& call);
  EtcdCall call_of(const Order& order) const;
  void give_lease_back();

  EtcdOptions options_;
  EtcdBodies bodies_;
  Report report_;
  HttpClient client_;
  std::mutex mutex_;  // guards down to the next empty line
  std::condition_variable wake_;
  std::optional<Duration> period_;  // none: not told yet
  bool has_work_ = false;
  std::optional<Vote> vote_;
  std::deque<Order> orders_;

  // The thread's own.
  std::string token_;
  LeaseId lease_ = 0;
  Instant read_at_{};  // when the newest round was begun, or its reading
  Instant lease_kept_at_{};
  Instant lease_until_{};
  std::optional<Vote> vote_put_;  // under the lease
  health::StoppableThread thread_;
};

}  // namespace howdah::failover
