// Runs one PCP connection on its socket: reads, feeds the reactor, does its actions in order, writes. Holds no policy.
// Lives on the control thread; shared_ptr because Asio's and the ControlSurface's callbacks may outlast the connection.
#pragma once

#include "pcp/connection.hpp"
#include "pcp/control_surface.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::pcp {

// md5hex(password) texts that pcp.conf holds for a user, read anew at each call; none if the user is unknown.
using UserLookup = std::function<Result<std::vector<std::string>>(std::string_view user)>;

class PcpSocket : public std::enable_shared_from_this<PcpSocket> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;
  struct Surroundings {
    ControlSurface& surface;
    const UserLookup& look_up_user;
    Log& log;
    std::function<void(PcpSocket&)> on_closed;
  };

  PcpSocket(Socket socket, std::string peer, Duration login_time, Surroundings surroundings);

  void start();
  // What is being sent still leaves; nothing else happens.
  void close();
  void abort() { end(); }
  bool is_logged_in() const { return connection_.is_logged_in(); }

 private:
  void feed(ConnectionEvent event);
  void act(ConnectionAction& action);
  void read();
  void write();
  void arm_timer();
  void end();

  Socket socket_;
  boost::asio::steady_timer timer_;
  Surroundings surroundings_;
  Connection connection_;
  std::array<char, 4096> input_;
  std::deque<ConnectionEvent> events_;  // answers given while the reactor is at work
  Actions<ConnectionAction> actions_;
  std::string unsent_;
  std::string in_flight_;
  std::optional<Instant> write_deadline_;
  bool is_feeding_ = false;
  bool is_reading_ = false;
  bool is_closing_ = false;  // as soon as everything is sent
  bool is_ended_ = false;
};

}  // namespace howdah::pcp
