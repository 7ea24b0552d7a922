// Puts the packets of one answer together: records, the last packet's texts, or the server's error. Pure.
#pragma once

#include "base/result.hpp"
#include "pcp/command.hpp"
#include "pcp/failure.hpp"
#include "pcp/frame.hpp"

#include <optional>
#include <string>
#include <vector>

namespace howdah::pcp {

using Record = std::vector<std::string>;

struct ServerReply {
  std::vector<Record> records = {};  // of the packets between ArraySize and CommandComplete
  Record texts = {};                 // behind CommandComplete
  std::optional<ServerMessage> error = {};
  std::vector<ServerMessage> notices = {};
};

class ReplyReader {
 public:
  explicit ReplyReader(const Command& command) : command_(command) {}

  // True when the answer is complete. An error: a packet that does not belong here.
  Result<bool> take(const Frame& frame);
  const ServerReply& reply() const { return reply_; }

 private:
  const Command& command_;
  ServerReply reply_;
};

}  // namespace howdah::pcp
