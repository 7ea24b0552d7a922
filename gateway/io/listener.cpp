#include "gateway/io/listener.hpp"

#include <cerrno>
#include <cstring>

namespace howdah {

namespace {

constexpr int kMostPerTurn = 64;  // so that a storm of clients does not starve those already here
constexpr auto kPause = 100ms;

}  // namespace

class Listener::Door final : private Watcher {
 public:
  Door(Listener& listener, ListeningSocket socket) : listener_(listener), socket_(std::move(socket)) {
    listener_.reactor_.watch(socket_.fd(), *this, {});
  }
  ~Door() { listener_.reactor_.forget(socket_.fd(), *this); }
  void set_open(bool is_open) { listener_.reactor_.change(socket_.fd(), *this, {.read = is_open, .write = false}); }

 private:
  void on_ready(bool, bool) override {
    for (int i = 0; i < kMostPerTurn; ++i) {
      Accepted accepted = accept_from(socket_.fd());
      if (accepted.fd.is_open()) {
        listener_.on_client_(std::move(accepted));
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        listener_.pause(std::strerror(errno));
      if (errno != ECONNABORTED && errno != EINTR) return;
    }
  }

  Listener& listener_;
  ListeningSocket socket_;
};

Listener::Listener(Reactor& reactor, Log& log, std::vector<ListeningSocket> sockets, OnClient on_client)
    : reactor_(reactor),
      log_(log),
      on_client_(std::move(on_client)),
      resume_timer_(reactor.timers(), [this] { resume(); }) {
  for (ListeningSocket& socket : sockets) {
    log_.info("listening address={}", socket.name());
    doors_.push_back(std::make_unique<Door>(*this, std::move(socket)));
  }
}

Listener::~Listener() = default;

void Listener::pause(const char* why) {
  log_.error("cannot accept clients, pausing why=\"{}\"", why);
  for (auto& door : doors_) door->set_open(false);
  resume_timer_.set(reactor_.now() + kPause);
}

void Listener::resume() {
  for (auto& door : doors_) door->set_open(true);
}

}  // namespace howdah
