// When one database's catalog is looked at and read again. Told of questions, answers and the time by who reads
// (gateway/io/catalog_reader); decides only.
//   a change was marked, or nothing has been read                    read it, as soon as the pause is over
//   somebody asked, or it has not been looked at for an interval     look whether it has changed; if so, read it
// After each read there is a pause in proportion to what it cost, after failures a growing one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/instant.hpp"

namespace howdah {

enum class CatalogStep : std::uint8_t { rest, look, read };

class CatalogWatch {
 public:
  explicit CatalogWatch(Duration interval) : interval_(interval) {}

  void set_interval(Duration interval) { interval_ = interval; }
  void on_question() { is_asked_ = true; }     // an unlisted name, or new names

  // What to do now. `changes`: how many have been marked, ever.
  CatalogStep step(std::uint64_t changes, Instant now) const;
  // When step() may answer otherwise by time alone.
  Instant next_time(std::uint64_t changes) const;

  void on_looked(Instant now);                                        // and nothing had changed
  void on_read(std::uint64_t as_of, Instant begun, Instant now);
  void on_failed(Instant now);

 private:
  bool wants_read(std::uint64_t changes) const { return !as_of_ || *as_of_ != changes; }

  Duration interval_;
  std::optional<std::uint64_t> as_of_;
  bool is_asked_ = false;
  Instant next_look_{};      // by age
  Instant next_answer_{};    // to questions
  Instant next_read_{};
  Duration failure_pause_{};
};

}  // namespace howdah
