// What the clients of a run did and saw, and whether it can be: an independent checker, which knows nothing of nodes, epochs
// or failovers. Writes are appends to lists and rows of an audit, each with a number of its own. At the end it is told
// what the tables hold, and judges: nothing acknowledged is lost, nothing was made twice, nothing that was refused is
// there, no reader saw less than it was promised.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/instant.hpp"
#include "conf/enums.hpp"
#include "tests/sim/sim_table.hpp"

namespace howdah::sim {

enum class WriteEnd : std::uint8_t { open, acknowledged, refused, unknown };

class History {
 public:
  void on_write(std::uint64_t write, std::vector<std::int64_t> lists, std::uint64_t session) {
    writes_[write] = {std::move(lists), session};
  }
  void on_write_ended(std::uint64_t write, WriteEnd end, Instant at) {
    writes_[write].end = end;
    writes_[write].ended_at = at;
  }
  // `own`: what its transaction has appended itself, and has not committed; 0: nothing.
  void on_read(std::int64_t list, std::vector<std::int64_t> elements, std::uint64_t own, std::uint64_t session, Instant began) {
    reads_.push_back({list, std::move(elements), own, session, began});
  }

  // `is_lossless`: nothing acknowledged may be lost, nor seen and lost, because commits wait for standbys.
  std::vector<std::string> judge(const Tables& tables, ReadConsistency promised, bool is_lossless) const;
  std::size_t acknowledged() const;

 private:
  struct Write {
    std::vector<std::int64_t> lists = {};
    std::uint64_t session = 0;
    WriteEnd end = WriteEnd::open;
    Instant ended_at = {};
  };
  struct Read {
    std::int64_t list = 0;
    std::vector<std::int64_t> elements = {};
    std::uint64_t own = 0;
    std::uint64_t session = 0;
    Instant began = {};
  };

  void judge_writes(const Tables& tables, bool is_lossless, std::vector<std::string>& out) const;
  void judge_read(const Read& read, const Tables& tables, ReadConsistency promised, bool is_lossless,
                  std::vector<std::string>& out) const;

  std::map<std::uint64_t, Write> writes_;
  std::vector<Read> reads_;
};

}  // namespace howdah::sim
