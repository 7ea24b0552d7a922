// What a client has said in its open transaction, and a checksum of what it has been told: enough to run the transaction
// again on another server and to know whether it came out the same.
//
// Repeating: after rewind() the same messages are sent again, and show() takes the answers in silence for as long as they
// repeat what the client has got. When they have caught up, the rest goes to the client as if nothing had happened. At the
// first difference the log has diverged: what the client knows is not so on the new server, and the transaction must fail.
// Everything is compared byte by byte, up to the middle of an answer; ParameterStatus is not given to show().
//
// The log is given up, with the reason, when it would be too long, or when running again may not do the same. Pure; owned
// by a session that replays transactions. Memory of a short log is kept for the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "gateway/session/answer_sum.hpp"
#include "gateway/session/replay_obstacle.hpp"

namespace howdah {

class TransactionLog {
 public:
  // A transaction begins, or one that was rewound begins again. `begin`: a BEGIN that the client's messages do not say.
  void open(std::string_view begin, std::size_t most_bytes);
  void close();  // it is over

  // A message of the client, whole, is sent to the server.
  void keep(Bytes message);
  // The newest `count` bytes are not at the server any more, and nothing of their answers has been shown.
  void take_back(std::size_t count);
  // From now on running the transaction again is not possible. The first reason counts. While repeating, messages are kept
  // all the same, because rewind() must tell what the client has sent.
  void give_up(ReplayObstacle obstacle);

  // A part of an answer. Returns what of it is news to the client: all of it, unless repeating.
  Bytes show(Bytes answer) {
    if (is_repeating_) return compare(answer);
    sum_.add(answer);
    return answer;
  }
  // A ReadyForQuery has been shown.
  void end_request();

  // The server is lost. Returns the client's messages from the first on; they are to be sent, and kept, again.
  std::vector<char> rewind();

  bool is_open() const { return is_open_; }
  ReplayObstacle obstacle() const { return obstacle_; }
  bool is_replayable() const { return is_open_ && obstacle_ == ReplayObstacle::none; }
  bool is_repeating() const { return is_repeating_; }  // answers are still behind what the client has got
  bool has_diverged() const { return has_diverged_; }
  const std::string& begin() const { return begin_; }
  std::size_t answered() const { return marks_.size(); }  // requests the client has the whole answers of

  // With `in_flight` requests sent and not answered: whether one more may be sent. While repeating, those that are answered
  // may; what comes behind them must have no effect before they have turned out the same.
  bool may_send(std::size_t in_flight) const;
  // A part of the answer to the request behind the answered ones has been shown.
  bool is_answer_begun() const;

 private:
  struct Mark {  // how much has been shown
    std::uint64_t size = 0;
    std::uint64_t sum = 0;
    bool operator==(const Mark&) const = default;
  };

  Bytes compare(Bytes answer);
  Mark here() const { return {sum_.size(), sum_.value()}; }
  void look_if_caught_up();

  bool is_open_ = false;
  bool is_repeating_ = false;
  bool has_diverged_ = false;
  ReplayObstacle obstacle_ = ReplayObstacle::none;
  std::size_t most_bytes_ = 0;
  std::string begin_;
  std::vector<char> bytes_;   // the client's messages
  std::vector<Mark> marks_;   // at the end of each request, when it was first answered
  std::size_t ended_ = 0;     // requests, in this run
  AnswerSum sum_;             // in this run
  Mark shown_;                // when the last run ended, or the farthest one
};

// How many bytes the first `count` requests of a log take: each ends with its Query, FunctionCall or Sync.
std::size_t size_of_requests(Bytes messages, std::size_t count);

}  // namespace howdah
