#include "gateway/session/session.hpp"

#include "gateway/session/console_session.hpp"
#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

Session::Session(ClientIdentity identity, const SessionOptions& options, Surroundings& surroundings)
    : core_(identity.console == ConsoleRole::none
                ? std::make_unique<SessionCore>(std::move(identity), options, surroundings)
                : nullptr),
      console_(core_ ? nullptr : std::make_unique<ConsoleSession>(std::move(identity), surroundings)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::on(const Event& event, Instant now, Actions<Action>& out) {
  core_ ? core_->on(event, now, out) : console_->on(event, now, out);
}
bool Session::wants_client_bytes() const {
  return core_ ? core_->wants_client_bytes() : console_->wants_client_bytes();
}
std::optional<Instant> Session::next_deadline() const { return core_ ? core_->next_deadline() : std::nullopt; }
SessionState Session::state() const { return core_ ? core_->state() : console_->state(); }
const ClientIdentity& Session::identity() const { return core_ ? core_->identity() : console_->identity(); }
const Backend* Session::backend() const { return core_ ? core_->backend() : nullptr; }
std::optional<PinReason> Session::pin_reason() const { return core_ ? core_->pin_reason() : std::nullopt; }
bool Session::is_in_transaction() const { return core_ && core_->is_in_transaction(); }
std::optional<NodeId> Session::load_balance_node() const { return core_ ? core_->load_balance_node() : std::nullopt; }
const std::string& Session::last_statement() const {
  return core_ ? core_->last_statement() : console_->last_command();
}
std::optional<Instant> Session::idle_since() const { return core_ ? core_->idle_since() : console_->idle_since(); }
SessionActivity Session::activity() const {
  return core_ ? core_->activity() : SessionActivity{.busy_since = console_->busy_since()};
}

SessionCore::SessionCore(ClientIdentity identity, const SessionOptions& options, Surroundings& surroundings)
    : identity_(std::move(identity)),
      options_(options),
      env_(surroundings),
      traffic_(env_.traffic.of(identity_.database)),
      settings_{.journal = SettingsJournal(identity_.settings), .own = identity_.own_settings} {
  note_new_settings();
  on_transaction_end();
}

void SessionCore::on(const Event& event, Instant now, Actions<Action>& out) {
  now_ = now;
  out_ = &out;
  scratch_.reset();
  if (overrides_ != nullptr) keep_up_overrides();
  std::visit([this](const auto& one) { handle(one); }, event);
  advance();
  settle();
  keep_withheld();
  out_ = nullptr;
}

bool SessionCore::wants_client_bytes() const {
  constexpr std::size_t kAhead = 64 * 1024;  // a batch is collected up to this size
  return !is_closed_ && input_.held.size() < options_.max_parse_size + kAhead;
}

void SessionCore::handle(const ClientBytes& event) {
  if (is_closed_) return;
  traffic_.received += event.bytes.size();
  since_.unended.reset();
  Bytes bytes = event.bytes;
  if (input_.held.empty() && input_.rest.empty() && rerun_.told.empty()) bytes = bytes.subspan(consume(bytes));
  if (!bytes.empty()) input_.held.append(bytes);
}

void SessionCore::handle(const ServerBytes& event) {
  if (is_closed_) return;
  if (event.backend == backend_) return relay(event.bytes);
  // One that is kept and not in use now.
  if (std::find(kept_.begin(), kept_.end(), event.backend) == kept_.end()) return;
  if (event.backend->absorb(event.bytes) == BackendHealth::settled) return;
  std::erase(kept_, event.backend);
  out_->push(ReturnLease{event.backend, LeaseEnd::close});
}

TransactionStatus SessionCore::client_status() const {
  if (transaction_.is_failed) return TransactionStatus::failed;
  if (!transaction_.deferred_begin.empty()) return TransactionStatus::in_block;
  return backend_ == nullptr ? TransactionStatus::idle : backend_->ledger.status();
}

SessionState SessionCore::derive_state() const {
  if (is_closed_) return SessionState::closed;
  if (is_starting_) return SessionState::starting;
  if (waiting_ == Waiting::local) return SessionState::waiting_local;
  if (waiting_ == Waiting::lease) return SessionState::waiting_lease;
  if (waiting_ == Waiting::node || waiting_ == Waiting::fate) return SessionState::waiting_primary;
  if (answer_.is_draining) return SessionState::draining;
  if (transaction_.is_failed) return SessionState::failed;
  if (owes() || is_batch_open_) return SessionState::busy;
  if (!transaction_.deferred_begin.empty()) return SessionState::begun;
  return backend_ != nullptr ? SessionState::holding : SessionState::idle;
}

void SessionCore::set_state(SessionState next) {
  if (next == state_) return;
  // Not worth the other clients' connections: what is sent and owed is kept elsewhere. Tests fail on this line.
  const LogLevel level = is_legal(state_, next) ? LogLevel::debug : LogLevel::error;
  env_.log.log(level, "session state s={} from={} to={}", identity_.id.value, name_of(state_), name_of(next));
  state_ = next;
}

}  // namespace howdah
