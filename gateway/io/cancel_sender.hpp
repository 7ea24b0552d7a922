// Sends one CancelRequest to a server over a connection of its own (manual "55.2.9 Canceling Requests in Progress"),
// with TLS where the cancelled connection has it, and waits until the server closes it: only then is it certain that
// a later statement on the cancelled connection is not hit. On the worker's thread.
//
// A request that was sent and not answered in time may still be lying in front of the server.
#pragma once

#include <functional>
#include <optional>

#include "gateway/io/dial.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah {

class CancelSender final : private Link::Owner {
 public:
  enum class Outcome { over, in_flight };
  using Then = std::function<void(Outcome)>;

  // `then` is called once, at the latest when `limit` (0: none) is over; it may destroy this.
  CancelSender(LoopParts& parts, DialTarget target, bool with_tls, wire::CancelKey key, milliseconds limit, Then then);

 private:
  void on_link_readable() override;
  void on_link_drained() override {}
  void on_link_hung_up() override { finish(Outcome::over); }
  void on_tls_ready(bool, std::string) override {}
  void on_dialled(Result<Dialled> dialled);
  void time_out();
  void finish(Outcome outcome);

  LoopParts& parts_;
  wire::CancelKey key_;
  Then then_;
  Timer timer_;
  std::optional<Link> link_;
  std::optional<Dial> dial_;
};

}  // namespace howdah
