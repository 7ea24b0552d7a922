// One event, one line: a fixed lower-case phrase, then key=value pairs. Pure code receives a Log&; tests capture it,
// the shell writes it with spdlog. Thread-safety is the implementation's: the shell's is safe from every thread.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace howdah {

enum class LogLevel { trace, debug, info, warn, error };

class Log {
 public:
  virtual ~Log() = default;
  virtual bool is_enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view line) = 0;

  template <typename... Args>
  void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (is_enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    log(LogLevel::error, format, std::forward<Args>(args)...);
  }
};

// Swallows everything; the default in tests.
class NullLog final : public Log {
 public:
  bool is_enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}
};

}  // namespace howdah
