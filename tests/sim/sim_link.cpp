#include "tests/sim/sim_link.hpp"

namespace howdah::sim {

namespace {

constexpr Duration kRetransmit = 50ms;
constexpr Duration kNoticeAtLeast = 1500ms;  // keepalive, user timeout
constexpr std::uint64_t kNoticeSpreadMs = 2500;

}  // namespace

Duration SimLink::travel_time() {
  Duration time = world_.node(node_).latency / 2 + microseconds(world_.rng().below(300));
  if (world_.loss() > 0 && world_.rng().chance(world_.loss()))
    time += milliseconds(200 << world_.rng().below(4));  // lost, and sent again with growing pauses
  return time;
}

bool SimLink::carries(const Side& to) const {
  return &to == &server_ ? world_.can_send(node_) : world_.can_hear(node_);
}

void SimLink::send(Side& to, std::string bytes) {
  if (!to.is_open) return;
  to.last_due = std::max(to.last_due, world_.now() + travel_time());
  to.packets.push_back({to.last_due, std::move(bytes)});
  pump(to);
}

void SimLink::close(Side& own, Side& other) {
  if (!own.is_open) return;
  own.is_open = false;
  own.packets.clear();
  send(other, {});
}

void SimLink::pump(Side& to) {
  if (to.is_pumping || to.packets.empty()) return;
  to.is_pumping = true;
  const Instant due = std::max(to.packets.front().due, world_.now() + (carries(to) ? Duration{} : kRetransmit));
  world_.at(due, [self = shared_from_this(), &to] {
    to.is_pumping = false;
    if (self->carries(to)) self->deliver(to);
    self->pump(to);
  });
}

void SimLink::deliver(Side& to) {
  if (!to.is_open || to.packets.empty()) return;
  Packet& packet = to.packets.front();
  if (packet.bytes.empty()) {
    to.packets.pop_front();
    return give_up(to, NodeFailure::closed);
  }
  std::string bytes = std::move(packet.bytes);
  if (bytes.size() > 1 && world_.rng().chance(0.1)) {
    const std::size_t part = 1 + world_.rng().below(bytes.size() - 1);
    packet.bytes = bytes.substr(part);
    packet.due = world_.now() + 20us;
    bytes.resize(part);
  } else {
    to.packets.pop_front();
  }
  // The other end has given up, for it has not even closed: what is answered to this brings a reset.
  const bool is_orphan = !(&to == &server_ ? gateway_ : server_).is_open && (to.packets.empty() || !to.packets.back().bytes.empty());
  if (is_orphan) world_.after(travel_time(), [self = shared_from_this(), &to] { self->give_up(to, NodeFailure::reset); });
  if (to.end.on_bytes) to.end.on_bytes(bytes);
}

void SimLink::give_up(Side& own, NodeFailure why) {
  if (!own.is_open) return;
  own.is_open = false;
  own.packets.clear();
  if (own.end.on_gone) own.end.on_gone(why);
}

void SimLink::reset() {
  give_up(server_, NodeFailure::reset);
  if (world_.can_hear(node_)) give_up(gateway_, NodeFailure::reset);
}

void SimLink::on_cut() {
  const auto notice = [this](Side& own, Side& other) {
    const Duration after = kNoticeAtLeast + milliseconds(world_.rng().below(kNoticeSpreadMs));
    world_.after(after, [self = shared_from_this(), &own, &other, cut = world_.cut_count(node_)] {
      if (!self->world_.is_reachable(self->node_) && self->world_.cut_count(self->node_) == cut)
        self->give_up(own, NodeFailure::timed_out);
      else if (!other.is_open && own.packets.empty())
        self->give_up(own, NodeFailure::reset);  // the network is whole again, and the other end has given up before
    });
  };
  notice(gateway_, server_);
  notice(server_, gateway_);
}

}  // namespace howdah::sim
