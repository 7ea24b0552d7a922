#include "gateway/io/replication_relay.hpp"

#include "gateway/io/client_link.hpp"
#include "gateway/wire/parameter_status.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah {

ReplicationRelay::ReplicationRelay(LoopParts& parts, ClientLink& client, NodeId node, wire::CancelKey key,
                                   DialTarget target, login::ServerLoginFacts facts)
    : parts_(parts),
      client_(client),
      node_(node),
      key_(std::move(key)),
      user_(facts.user),
      database_(facts.database),
      link_(parts, static_cast<BackendLink::Owner&>(*this), BackendId{}) {
  link_.open(std::move(target), std::move(facts));
}

void ReplicationRelay::on_client_bytes(Bytes bytes) {
  link_.write(std::span(&bytes, 1));
  if (link_.unsent() > kMostUnsent) client_.set_reading(false);
}

void ReplicationRelay::cancel(milliseconds limit, std::function<void()> then) {
  if (!link_.is_open() || cancel_ != nullptr) return then();
  auto ended = [this, then = std::move(then)](CancelSender::Outcome) {
    // Shared: a function object must be copyable. The sender has called us and is destroyed at the end of the turn.
    parts_.reactor.defer([sender = std::shared_ptr<CancelSender>(std::move(cancel_))] {});
    then();
  };
  cancel_ = std::make_unique<CancelSender>(parts_, link_.target(), link_.has_tls(), server_key_, limit, std::move(ended));
}

void ReplicationRelay::on_backend_open(BackendLink&, login::ServerLoginDone done) {
  server_key_ = std::move(done.key);
  const std::string early = client_.start_relay();
  std::string welcome;
  wire::append_parameters(welcome, done.parameters);
  wire::append_backend_key(welcome, key_);
  wire::append_ready(welcome, wire::TransactionStatus::idle);
  const Bytes bytes = as_bytes(welcome);
  client_.write(std::span(&bytes, 1));
  if (!early.empty()) on_client_bytes(as_bytes(early));
}

void ReplicationRelay::on_backend_open_failed(BackendLink&, OpenFailure failure) {
  client_.on_server_checked(&failure);  // in the server's own words, where it had some
}

void ReplicationRelay::on_backend_gone(BackendLink&, std::string why) {
  parts_.log.debug("replication connection lost s={} node={} why=\"{}\"", client_.id().value, node_.value, why);
  client_.close_after_flush();
}

void ReplicationRelay::on_backend_bytes(BackendLink&, Bytes bytes) {
  client_.write(std::span(&bytes, 1));
  if (client_.unsent() > kMostUnsent) link_.pause_reading();
}

void ReplicationRelay::on_backend_drained(BackendLink&) { client_.set_reading(true); }

}  // namespace howdah
