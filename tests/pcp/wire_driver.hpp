// Drives one Connection as the shell would, with a fixed salt and one user (pcpuser, pcppw).
#pragma once

#include "base/overloaded.hpp"
#include "pcp/connection.hpp"
#include "pcp/frame.hpp"
#include "tests/pcp/fake_surface.hpp"

#include <string>
#include <string_view>

namespace howdah::pcp {

inline constexpr Salt kSalt{'\x0d', '\xef', '\x8e', '\x93'};

class WireDriver {
 public:
  explicit WireDriver(FakeSurface& surface) : surface_(surface) {}

  void send(std::string_view bytes) { feed(Received{as_bytes(bytes)}); }
  void send(char letter, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, letter, payload);
    send(bytes);
  }
  void log_in(std::string_view user = "pcpuser", std::string_view password = "pcppw") {
    send('M', "");
    std::string payload;
    append_cstring(payload, user);
    append_cstring(payload, login_answer(md5_hex(password), user, kSalt));
    send('R', payload);
  }
  void tick(Instant at) {
    now = at;
    feed(Tick{});
  }
  // What the server sent since the last call.
  std::string take_sent() { return std::exchange(sent_, {}); }
  bool is_closed() const { return is_closed_; }
  const Connection& connection() const { return connection_; }

  Instant now{};

 private:
  void feed(ConnectionEvent event) {
    Actions<ConnectionAction> actions;
    connection_.on(event, now, actions);
    for (ConnectionAction& action : actions) act(action);
  }

  void act(ConnectionAction& action) {
    std::visit(Overloaded{
                   [&](const Send& send) { sent_ += send.bytes; },
                   [&](const DrawSalt&) { feed(SaltDrawn{kSalt}); },
                   [&](const LookUpUser& wanted) {
                     std::vector<std::string> stored;
                     if (wanted.user == "pcpuser") stored = {"5bb73123a0cfcdce93216df6a3703e32"};
                     feed(UserFound{stored});
                   },
                   [&](const RunCommand& run) {
                     run.command->run(*run.command, run.arguments, surface_,
                                      [this](Outcome outcome) { feed(CommandDone{std::move(outcome)}); });
                   },
                   [&](const Close&) { is_closed_ = true; },
               },
               action);
  }

  FakeSurface& surface_;
  NullLog log_;
  Connection connection_{"test", Instant{}, 60s, log_};
  std::string sent_;
  bool is_closed_ = false;
};

}  // namespace howdah::pcp
