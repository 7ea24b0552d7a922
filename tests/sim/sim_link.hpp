// One TCP connection between the gateway and a backend process of a simulated server: bytes arrive in order, late, and cut
// into random pieces; not at all in a direction that is cut. Either end may close it; what was sent before still
// arrives. A cut that lasts is noticed at both ends, at different times (keepalive and user timeout).
// Shared: whatever is still under way keeps it alive.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/session/session.hpp"
#include "tests/sim/world.hpp"

namespace howdah::sim {

class SimLink : public std::enable_shared_from_this<SimLink> {
 public:
  SimLink(World& world, int node) : world_(world), node_(node) {}

  // What each end is told: nothing before it is attached, nor after it has closed.
  struct End {
    std::function<void(std::string_view)> on_bytes = {};
    std::function<void(NodeFailure)> on_gone = {};  // after the last bytes
  };
  void attach_gateway(End end) { gateway_.end = std::move(end); }
  void attach_server(End end) { server_.end = std::move(end); }

  void send_to_server(std::string bytes) { send(server_, std::move(bytes)); }
  void send_to_gateway(std::string bytes) { send(gateway_, std::move(bytes)); }
  void close_by_gateway() { close(gateway_, server_); }
  void close_by_server() { close(server_, gateway_); }
  // The server's host has no such connection any more, or the network resets it.
  void reset();
  // The network has just been cut.
  void on_cut();

  int node() const { return node_; }

 private:
  struct Packet {
    Instant due;
    std::string bytes;  // empty: the other end has closed
  };
  struct Side {  // what is on its way to this end
    End end = {};
    std::deque<Packet> packets = {};
    Instant last_due{};
    bool is_pumping = false;
    bool is_open = true;
  };

  void send(Side& to, std::string bytes);
  void close(Side& own, Side& other);
  void pump(Side& to);
  void deliver(Side& to);
  void give_up(Side& own, NodeFailure why);
  bool carries(const Side& to) const;
  Duration travel_time();

  World& world_;
  int node_;
  Side gateway_;
  Side server_;
};

}  // namespace howdah::sim
