// One replication connection: the client's link and a server connection of its own, and bytes in both directions as they
// are. Neither side is read while the other does not take what it was sent. It ends with either side; such clients
// connect again by themselves. Owned by the client's link; on one worker's thread.
#pragma once

#include <functional>
#include <memory>

#include "gateway/io/backend_link.hpp"
#include "gateway/io/cancel_sender.hpp"

namespace howdah {

class ClientLink;

class ReplicationRelay final : private BackendLink::Owner {
 public:
  // `key` is what the client is given to cancel with.
  ReplicationRelay(LoopParts& parts, ClientLink& client, NodeId node, wire::CancelKey key, DialTarget target,
                   login::ServerLoginFacts facts);

  NodeId node() const { return node_; }
  const wire::CancelKey& key() const { return key_; }
  const std::string& user() const { return user_; }
  const std::string& database() const { return database_; }

  void on_client_bytes(Bytes bytes);
  void on_client_drained() { link_.resume_reading(); }
  // `then` is called when the server has closed the cancel connection.
  void cancel(milliseconds limit, std::function<void()> then);
  // The client is gone.
  void end() { link_.close(); }

 private:
  void on_backend_open(BackendLink& link, login::ServerLoginDone done) override;
  void on_backend_open_failed(BackendLink& link, OpenFailure failure) override;
  void on_backend_gone(BackendLink& link, std::string why) override;
  void on_backend_bytes(BackendLink& link, Bytes bytes) override;
  void on_backend_drained(BackendLink& link) override;

  LoopParts& parts_;
  ClientLink& client_;
  NodeId node_;
  wire::CancelKey key_;
  wire::CancelKey server_key_;
  std::string user_;
  std::string database_;
  BackendLink link_;
  std::unique_ptr<CancelSender> cancel_;
};

}  // namespace howdah
