// Writes base/log.hpp's lines by spdlog: to stderr, syslog or both, with Pgpool's log_line_prefix. Safe from every
// thread; reconfigured at reload.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/log.hpp"

namespace spdlog {
class logger;
}

namespace howdah {

struct LogSinkOptions {
  LogLevel level = LogLevel::info;
  bool to_stderr = true;
  bool to_syslog = false;
  int syslog_facility = 16 << 3;  // LOCAL0, as <syslog.h> numbers them
  std::string syslog_ident = "pgpool";
  std::string line_prefix = "%m: %a pid %p: ";
};

class LogSink final : public Log {
 public:
  explicit LogSink(const LogSinkOptions& settings) { configure(settings); }
  void configure(const LogSinkOptions& settings);

  bool is_enabled(LogLevel level) const override { return level >= level_.load(std::memory_order_relaxed); }
  void write(LogLevel level, std::string_view line) override;

 private:
  std::atomic<LogLevel> level_{LogLevel::info};
  std::atomic<std::shared_ptr<spdlog::logger>> logger_;  // shared: a thread may be writing while it is replaced
};

}  // namespace howdah
