#include "gateway/io/log_sink.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace howdah {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace: return spdlog::level::trace;
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warn: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// log_line_prefix in spdlog's language. What belongs to one client (%d, %u) stands in the line itself.
std::string to_pattern(const std::string& prefix) {
  constexpr std::array<std::pair<char, const char*>, 7> kEscapes{{{'m', "%Y-%m-%d %H:%M:%S.%e"},
                                                                  {'t', "%Y-%m-%d %H:%M:%S"},
                                                                  {'p', "%P"},
                                                                  {'a', "howdah"},
                                                                  {'P', "howdah"},
                                                                  {'%', "%%"},
                                                                  {'l', "%t"}}};
  std::string out;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (prefix[i] != '%' || i + 1 == prefix.size()) {
      out += prefix[i];
      continue;
    }
    ++i;
    for (const auto& [code, pattern] : kEscapes)
      if (code == prefix[i]) out += pattern;
  }
  return out + "%l: %v";
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// A name that somebody gives before it is known who that is must not look like a line of its own: as in PostgreSQL's log, what
// goes on begins with a tab.
std::string with_tabs(std::string_view line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\n')
      out += line.substr(i + 1).starts_with('\t') ? "\n" : "\n\t";
    else if (is_control(c) && c != '\t')
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace

void LogSink::configure(const LogSinkOptions& settings) {
  std::vector<spdlog::sink_ptr> sinks;
  if (settings.to_stderr || !settings.to_syslog) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    sinks.back()->set_pattern(to_pattern(settings.line_prefix));
  }
  if (settings.to_syslog) {
    sinks.push_back(std::make_shared<spdlog::sinks::syslog_sink_mt>(settings.syslog_ident, LOG_PID,
                                                                    settings.syslog_facility, true));
    sinks.back()->set_pattern("%v");
  }
  auto logger = std::make_shared<spdlog::logger>("howdah", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::trace);  // is_enabled() decides
  logger->flush_on(spdlog::level::trace);
  logger_.store(std::move(logger));
  level_.store(settings.level);
}

void LogSink::write(LogLevel level, std::string_view line) {
  std::string cleaned;
  if (std::ranges::any_of(line, is_control)) line = cleaned = with_tabs(line);
  logger_.load()->log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace howdah
