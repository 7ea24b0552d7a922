// The end. A server connection is given back only if it owes nothing; one that carries state of this client is reset
// before the next user; one in the middle of anything is closed. No cancel is sent.
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

void SessionCore::handle(const ClientGone&) {
  if (!is_closed_) leave(CloseReason::client_vanished);
}

void SessionCore::handle(const ShutDown&) { is_shutting_down_ = true; }

void SessionCore::handle(const Evicted& event) {
  if (!is_closed_) close_with(event.error, CloseReason::evicted);
}

void SessionCore::close_with(const Error& error, CloseReason reason) {
  env_.log.log(error.row().log_level, "session ends s={} error={} reason={}", identity_.id.value, error.row().name,
               name_of(reason));
  keep_withheld();
  drop_withheld();
  if (!answer_.is_mid_message) {
    build_.clear();
    wire::append_error(build_, error, Severity::fatal);
    to_client_copy(as_bytes(build_));
  }
  leave(reason);
}

void SessionCore::leave(CloseReason reason) {
  flush_run();
  release_all();
  is_closed_ = true;
  input_.held.clear();
  set_state(SessionState::closed);
  out_->push(CloseClient{reason});
}

void SessionCore::release_all() {
  if (waiting_ == Waiting::lease) out_->push(ForgetLease{});
  waiting_ = Waiting::nothing;
  const bool is_always_reset = options_.pool_mode == PoolMode::session && !options_.server_reset_query.sql.empty();
  const LeaseEnd end = pins_.is_empty() && is_always_reset ? LeaseEnd::reset : way_back(pins_);
  if (backend_ != nullptr) return_backend(backend_->is_reusable() ? end : LeaseEnd::close);
  for (Backend* kept : kept_) out_->push(ReturnLease{kept, kept->is_reusable() ? end : LeaseEnd::close});
  kept_.clear();
}

}  // namespace howdah
