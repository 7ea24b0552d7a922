// Opens one connection to a server, as far as the start-up packet: name lookup, connecting to each address in turn,
// SSLRequest and handshake where wanted, all within one deadline. Used for server connections and for cancel requests.
// A procedure on its worker's loop; destroying it gives up.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/io/socket.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/io/link.hpp"
#include "gateway/io/resolver.hpp"

namespace howdah {

// What the links of one worker share.
struct LoopParts {
  Reactor& reactor;
  Resolver& resolver;
  Log& log;
  std::span<char> buffer;  // for reading; whoever reads uses the bytes up before it returns to the loop
};

struct DialTarget {
  std::string host;  // name, address, or directory with a leading '/'
  std::uint16_t port = 0;
  milliseconds timeout{0};  // 0: none
  TcpOptions tcp;
  std::shared_ptr<const TlsClient> tls;  // shared: a reload replaces it while connections are being made
};

enum class WantedTls { never, if_offered, always };

struct Dialled {
  Channel channel;
  SocketAddress address;
};

class Dial final : private Watcher {
 public:
  using Then = std::function<void(Result<Dialled>)>;

  // `then` is called once, from the loop, never from here; it may destroy this object.
  Dial(LoopParts& parts, DialTarget target, WantedTls wanted_tls, Then then);
  ~Dial();
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // Some address accepted the connection.
  bool has_connected() const { return state_ >= State::asked_for_tls; }

 private:
  enum class State { resolving, connecting, asked_for_tls, in_handshake };

  void on_ready(bool readable, bool writable) override;
  void on_resolved(Resolver::Answer answer);
  void try_next_address();
  void on_connected();
  void read_tls_answer();
  void go_on_with_handshake();
  void succeed();
  void fail(std::string what, std::string why);
  void give_up_address(std::string what, std::string why);
  void drop_socket();

  LoopParts& parts_;
  DialTarget target_;
  WantedTls wanted_tls_;
  Then then_;
  Timer timer_;
  State state_ = State::resolving;
  std::vector<SocketAddress> addresses_;
  std::size_t next_address_ = 0;
  Channel channel_;
  Error last_error_;
  std::shared_ptr<Dial*> self_;  // shared: a name lookup holds a weak reference, and may come back too late
};

}  // namespace howdah
