// Keeps what must survive a restart: pgpool_status and howdah_status in work_dir (failover/kept_state.hpp). Each is
// written whole beside the old one and renamed over it, so that a crash leaves the old or the new, never half. What has not
// changed is left alone: clients wait for some of these writes.
#pragma once

#include <string>

#include "base/log.hpp"
#include "failover/kept_state.hpp"

namespace howdah::failover {

class Journal {
 public:
  // An empty directory keeps nothing.
  Journal(std::string directory, Log& log) : directory_(std::move(directory)), log_(log) {}

  KeptState read() const;
  void write(const KeptState& state);  // an error is logged: Howdah goes on without

 private:
  bool replace_if_changed(const char* name, std::string text, std::string& kept) const;

  std::string directory_;
  Log& log_;
  std::string kept_howdah_, kept_pgpool_;  // as written last
};

}  // namespace howdah::failover
