#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

// Neighbouring ranges become one: a result set that lies in one chunk leaves as one action.
void SessionCore::to_client(Bytes bytes) {
  if (bytes.empty()) return;
  if (!run_.empty() && run_.data() + run_.size() == bytes.data()) {
    run_ = Bytes{run_.data(), run_.size() + bytes.size()};
    return;
  }
  flush_run();
  run_ = bytes;
}

void SessionCore::to_client_copy(Bytes bytes) { to_client(scratch_.keep(bytes)); }

void SessionCore::flush_run() {
  if (!run_.empty()) out_->push(ToClient{run_});
  traffic_.sent += run_.size();
  run_ = {};
}

void SessionCore::to_client_ready() {
  if (!is_starting_) note_answered(client_status());
  transaction_.told_status = client_status();
  build_.clear();
  wire::append_ready(build_, client_status());
  to_client_copy(as_bytes(build_));
}

void SessionCore::to_client_error(const Error& error) {
  env_.log.log(error.row().log_level, "request refused s={} error={} sqlstate={}", identity_.id.value, error.row().name,
               error.row().sqlstate);
  build_.clear();
  wire::append_error(build_, error, Severity::error);  // the session goes on
  to_client_copy(as_bytes(build_));
}

void SessionCore::to_server(Bytes bytes) {
  if (!bytes.empty()) out_->push(ToServer{backend_, bytes});
}

void SessionCore::to_server_copy(Bytes bytes) { to_server(scratch_.keep(bytes)); }

}  // namespace howdah
