// One server connection's socket, from dialling through the login until it is closed. Logged in, it hands every chunk
// of bytes to its owner and says when the server went away, also while nobody uses it. It decides nothing about leases.
// On one worker's thread; adopt() takes over a connection that another worker logged in.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "gateway/io/dial.hpp"
#include "gateway/login/server_login.hpp"

namespace howdah {

// Why a connection could not be opened.
struct OpenFailure {
  std::variant<wire::ServerError, Error> error;
  bool was_reached = false;  // the server answered, so the node is not to blame for silence
};

class BackendLink final : private Link::Owner {
 public:
  class Owner {
   public:
    virtual void on_backend_open(BackendLink& link, login::ServerLoginDone done) = 0;
    // In the following two the owner may destroy the link.
    virtual void on_backend_open_failed(BackendLink& link, OpenFailure failure) = 0;
    virtual void on_backend_gone(BackendLink& link, std::string why) = 0;
    virtual void on_backend_bytes(BackendLink& link, Bytes bytes) = 0;
    virtual void on_backend_drained(BackendLink& link) = 0;

   protected:
    ~Owner() = default;
  };

  BackendLink(LoopParts& parts, Owner& owner, BackendId id) : parts_(parts), owner_(owner), id_(id) {}

  // The target's timeout is for connecting and logging in together.
  void open(DialTarget target, login::ServerLoginFacts facts);
  void adopt(Channel channel, DialTarget target);
  // The connection without its worker; nothing may be unsent.
  Channel release() { return link_->release(); }
  // Says goodbye (Terminate), as far as the kernel takes it at once.
  void close();

  BackendId id() const { return id_; }
  bool is_open() const { return state_ == State::open; }
  const DialTarget& target() const { return target_; }
  bool has_tls() const { return link_ && link_->tls() != nullptr; }
  const Link& link() const { return *link_; }  // while open

  void write(std::span<const Bytes> pieces);
  // The server has read everything that was written, for it has answered it.
  void note_settled();
  std::size_t unsent() const { return link_->unsent(); }
  void pause_reading() { link_->pause_reading(); }
  void resume_reading() { link_->resume_reading(); }

 private:
  enum class State { dialling, logging_in, open, closed };

  void on_link_readable() override;
  void on_link_drained() override { owner_.on_backend_drained(*this); }
  void on_link_hung_up() override {}  // reading goes on later and finds the end after the last bytes
  void on_tls_ready(bool, std::string) override {}  // the handshake is Dial's

  void dial();
  void on_dialled(Result<Dialled> dialled);
  void log_in(Bytes chunk);
  void time_out();
  void fail(OpenFailure failure);

  LoopParts& parts_;
  Owner& owner_;
  BackendId id_;
  DialTarget target_;
  login::ServerLoginFacts facts_;
  std::vector<WantedTls> attempts_;  // those still to be made, the next one last
  std::unique_ptr<Dial> dial_;
  std::optional<Link> link_;
  std::optional<login::ServerLogin> login_;
  std::unique_ptr<Timer> timer_;  // for connecting and logging in, all attempts together
  std::size_t unanswered_ = 0;  // bytes written since it last had read everything
  bool is_patient_ = false;     // the user timeout is off
  State state_ = State::dialling;
};

}  // namespace howdah
