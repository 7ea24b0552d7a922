// The clients of a run and what they do, over the real sessions and pools: transfers between accounts whose sum never
// changes, appends to lists, rows of an audit; alone and in transactions, in the simple and the extended protocol. They
// pause, cancel, leave in the middle, and come again. Every request must end once, in time, with its own rows.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/history.hpp"
#include "tests/sim/sim_worker.hpp"

namespace howdah::sim {

struct WorkloadOptions {
  int clients = 4;
  std::uint64_t first_write = 0;  // numbers its writes from here on
  bool is_lossless = false;       // commits wait for standbys, as long as it takes
  Instant mended_at = {};         // which is until then
  bool is_wide = false;           // two workers, COPY, temporary tables
  double impatience = 0.02;       // how often a request is cancelled, or its client goes away
  SimWorkerOptions worker = {};
};

class Person;

class Workload {
 public:
  Workload(World& world, WorkloadOptions options);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // The time between two things a client does, on average.
  void set_pause(Duration pause) { pause_ = pause; }
  void stop() { is_stopping_ = true; }
  bool has_written_since(Instant when) const { return last_write_ >= when; }
  void tell_clients() const;  // in the trace: what each of them waits for
  // At the end, with what the clients' primary holds.
  void judge(const Tables& tables);
  std::size_t acknowledged() const { return history_.acknowledged(); }
  std::size_t fates() const;

 private:
  friend class Person;
  void start_workers();
  void restart();

  World& world_;
  WorkloadOptions options_;
  std::unique_ptr<Crew> crew_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::vector<std::unique_ptr<Person>> people_;
  History history_;
  Duration pause_ = 100ms;
  std::uint64_t last_write_number_;
  std::uint64_t last_session_ = 0;
  Instant last_write_{};
  std::size_t fates_ = 0;  // of workers that are gone
  bool is_stopping_ = false;
};

}  // namespace howdah::sim
