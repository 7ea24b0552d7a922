// A blocking PCP connection for the command line: connect, log in, ask. One command per connection is usual.
#pragma once

#include "base/result.hpp"
#include "pcp/client/reply_reader.hpp"
#include "pcp/command.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace howdah::pcp {

class IoClient {
 public:
  // `is_traced`: each packet is told on stdout, as pcp_* -d do.
  explicit IoClient(bool is_traced) : is_traced_(is_traced) {}
  ~IoClient();
  IoClient(const IoClient&) = delete;
  IoClient& operator=(const IoClient&) = delete;

  // A host with leading '/' is a socket directory; an empty one means the usual directories.
  Result<void> connect(const std::string& host, std::uint16_t port);
  // What the server says against it is in `error` of the reply.
  Result<ServerReply> log_in(const std::string& user, const std::string& password);
  Result<ServerReply> ask(const Command& command, const Arguments& arguments);

 private:
  Result<void> connect_unix(const std::string& directory, std::uint16_t port);
  Result<void> connect_tcp(const std::string& host, std::uint16_t port);
  Result<void> send(char letter, std::string_view payload);
  Result<Frame> receive();

  bool is_traced_;
  int descriptor_ = -1;
  FrameReader reader_{kMaxReplyLength};
};

}  // namespace howdah::pcp
