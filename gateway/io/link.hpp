// One connection's bytes, plain or TLS behind the same calls. Writing is tried at once; only what the kernel does not
// take is kept, and sent when the descriptor becomes writable. A link owns no buffer while nothing is unsent: reading
// goes into the caller's. Errors of writing are not reported: the next read finds them, after everything the peer had
// still sent. On one worker's thread; may move to another worker with release().
#pragma once

#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/io/unique_fd.hpp"
#include "gateway/io/reactor.hpp"
#include "gateway/io/tls.hpp"

namespace howdah {

// What a link is made of, without a worker.
struct Channel {
  UniqueFd fd;
  SslPtr tls;
};

enum class ReadStatus { bytes, nothing_yet, ended, broken };

struct ReadResult {
  ReadStatus status = ReadStatus::nothing_yet;
  std::size_t size = 0;  // with bytes
  std::string why = {};  // with ended and broken: for the log
};

class Link final : private Watcher {
 public:
  // The owner may destroy the link in any of these calls.
  class Owner {
   public:
    virtual void on_link_readable() = 0;
    virtual void on_link_drained() = 0;  // everything written has been sent
    virtual void on_link_hung_up() = 0;  // the connection is gone both ways while reading was paused
    virtual void on_tls_ready(bool succeeded, std::string why) = 0;

   protected:
    ~Owner() = default;
  };

  Link(Reactor& reactor, Channel channel, Owner& owner);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  ReadResult read(std::span<char> into);
  // Looks at the first bytes without taking them; plain links only.
  std::size_t peek(std::span<char> into) const;

  void write(Bytes bytes);
  void write(std::span<const Bytes> pieces);
  std::size_t unsent() const { return outbox_.size() - sent_; }

  // A paused link is not told of readable bytes, which makes the peer wait.
  void pause_reading();
  void resume_reading();
  bool is_paused() const { return is_paused_; }

  // The handshake begins; on_tls_ready follows.
  void start_tls(SslPtr tls);
  const SSL* tls() const { return channel_.tls.get(); }
  int fd() const { return channel_.fd.value(); }

  // Takes the connection out; the link is empty afterwards. Nothing may be unsent.
  Channel release();

 private:
  void on_ready(bool readable, bool writable) override;
  void go_on_with_handshake();
  void end_handshake(bool succeeded, std::string why);
  void flush();
  // How much was taken; what failed for good is reported as taken.
  std::size_t send_plain(std::span<const Bytes> pieces);
  std::size_t send_tls(Bytes bytes);
  ReadResult read_plain(std::span<char> into);
  ReadResult read_tls(std::span<char> into);
  void keep_rest(std::span<const Bytes> pieces, std::size_t taken);
  void update_interest();

  Reactor& reactor_;
  Channel channel_;
  Owner& owner_;
  std::string outbox_;
  std::size_t sent_ = 0;  // of outbox_
  Interest interest_;
  bool is_watched_ = false;
  bool is_paused_ = false;
  bool is_broken_ = false;        // writing failed: further writes are dropped
  bool is_in_handshake_ = false;
  bool handshake_wants_write_ = false;
};

}  // namespace howdah
