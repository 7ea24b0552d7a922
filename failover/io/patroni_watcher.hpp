// Asks Patroni who its leader is, again and again, and passes an operator's switchover on to it. Two threads, because a
// switchover is answered only when it is over. It judges nothing: answers go to `report`, on those threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "failover/actions.hpp"
#include "failover/io/http_client.hpp"
#include "health/io/stoppable_thread.hpp"

namespace howdah::failover {

class PatroniWatcher {
 public:
  using Report = std::function<void(std::variant<PatroniAnswered, PatroniSwitched>)>;

  PatroniWatcher(HttpOptions options, Report report);
  ~PatroniWatcher();  // ends the threads; a switchover under way goes on by itself, unheard
  PatroniWatcher(const PatroniWatcher&) = delete;
  PatroniWatcher& operator=(const PatroniWatcher&) = delete;

  // From the control thread.
  void watch(Duration period);             // from now on; asks at once
  void switch_over(SwitchPatroni order);   // the coordinator sends the next one after the answer

 private:
  void keep_watching();
  void keep_switching();
  PatroniAnswered ask();
  void prefer_leader(const PatroniCluster& cluster);
  PatroniSwitched carry_out(const SwitchPatroni& order);

  Report report_;
  HttpClient watching_;
  HttpClient switching_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Duration> period_;  // none: not told yet
  bool is_asked_now_ = false;
  std::optional<SwitchPatroni> order_;
  std::optional<ServiceUrl> leader_url_;  // written by the watcher's thread only, which reads it without the mutex
  // Watcher's thread only.
  std::vector<ServiceUrl> urls_;
  Instant back_at_{};  // when a leader that did not answer is asked again
  health::StoppableThread watcher_;
  health::StoppableThread switcher_;
};

}  // namespace howdah::failover
