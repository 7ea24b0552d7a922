#include "gateway/io/cancel_sender.hpp"

#include "gateway/wire/startup.hpp"

namespace howdah {

CancelSender::CancelSender(LoopParts& parts, DialTarget target, bool with_tls, wire::CancelKey key,
                           milliseconds limit, Then then)
    : parts_(parts),
      key_(std::move(key)),
      then_(std::move(then)),
      timer_(parts.reactor.timers(), [this] { time_out(); }) {
  if (limit.count() > 0) timer_.set(parts_.reactor.now() + limit);
  target.timeout = {};  // the limit is for all of it
  dial_.emplace(parts_, std::move(target), with_tls ? WantedTls::always : WantedTls::never,
                [this](Result<Dialled> dialled) { on_dialled(std::move(dialled)); });
}

void CancelSender::on_dialled(Result<Dialled> dialled) {
  if (!dialled) {
    parts_.log.info("cancel request not delivered why=\"{}\"", to_text(dialled.error()));
    return finish(Outcome::over);
  }
  link_.emplace(parts_.reactor, std::move(dialled->channel), static_cast<Link::Owner&>(*this));
  std::string request;
  wire::append_cancel_request(request, key_);
  link_->write(as_bytes(request));
}

void CancelSender::on_link_readable() {
  if (link_->read(parts_.buffer).status >= ReadStatus::ended) finish(Outcome::over);
}

void CancelSender::time_out() {
  parts_.log.info("cancel request given up setting=cancel_wait_timeout was_sent={}", link_.has_value());
  finish(link_ ? Outcome::in_flight : Outcome::over);
}

void CancelSender::finish(Outcome outcome) {
  timer_.set({});
  const auto then = std::move(then_);
  then(outcome);
}

}  // namespace howdah
