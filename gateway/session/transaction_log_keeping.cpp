// What is logged of an open transaction so that it can be run again (transaction_log.hpp): each message with `retain`, each
// part of an answer as it goes to the client, and what its statements change that the messages do not say: names of
// prepared statements. A session pays for none of it until it has a transaction, and nothing with transaction_replay off.
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

// A request with these statements is about to be sent, before the BEGIN that was kept back.
void SessionCore::open_log(std::span<const Traits* const> statements, bool is_wrapped) {
  if (!options_.transaction_replay || !requests_.empty() || tie(pins_)) return;
  const bool begins = is_wrapped || !transaction_.deferred_begin.empty() ||
                      (client_status() == TransactionStatus::idle &&
                       std::any_of(statements.begin(), statements.end(), [](const Traits* traits) {
                         return traits->transaction == TransactionControl::begin && traits->statement_count == 1;
                       }));
  if (!begins) return;
  if (replay_ == nullptr) replay_ = std::make_unique<Replay>();
  if (!replay_->log.is_open()) {
    replay_->names.clear();
    replay_->newest_unnamed = env_.unnamed_serials;
    replay_->is_old_unnamed_used = false;
  }
  replay_->log.open(transaction_.deferred_begin, options_.transaction_replay_size);
}

// The transaction is over.
void SessionCore::close_log() {
  if (replay_ == nullptr) return;
  replay_->log.close();
  replay_->since.reset();
  replay_->losses = 0;
}

void SessionCore::give_up_replay(ReplayObstacle obstacle) {
  if (replay_ == nullptr) return;
  replay_->log.give_up(obstacle);
  if (!replay_->log.is_repeating()) replay_->since.reset();  // what was run again has not been answered before
}

// A statement of the newest request is about to be sent.
void SessionCore::log_statement(Request& request, const Traits& traits) {
  if (traits.has_transaction_control && !request.brings_commit)
    request.may_end_transaction |= traits.statement_count != 1 || may_end_transaction(traits.transaction);
  if (replay_ == nullptr || !replay_->log.is_replayable()) return;
  if (const ReplayObstacle obstacle = obstacle_of(traits); obstacle != ReplayObstacle::none) give_up_replay(obstacle);
}

// The client's name is about to stand for something else.
void SessionCore::log_name(std::string_view name) {
  if (replay_ == nullptr || !replay_->log.is_replayable()) return;
  auto& names = replay_->names;
  if (std::any_of(names.begin(), names.end(), [&](const auto& one) { return one.name == name; })) return;
  const auto found = prepared_.statements.find(name);
  names.push_back({std::string(name), found == prepared_.statements.end() ? nullptr : found->second, nullptr});
}

// The unnamed statement is not kept: one that was used although it was made before the transaction must stay.
void SessionCore::log_unnamed_use() {
  if (replay_ != nullptr && prepared_.unnamed.serial <= replay_->newest_unnamed) replay_->is_old_unnamed_used = true;
}

// What of a part of an answer the client has not seen yet.
Bytes SessionCore::shown(Bytes answer) {
  if (replay_ == nullptr || answer.empty() || !replay_->log.is_replayable()) return answer;
  const Bytes news = replay_->log.show(answer);
  if (replay_->since && !replay_->log.is_repeating()) finish_replay();
  return news;
}

// Its ReadyForQuery has been shown. False: it is another answer than the client has got.
bool SessionCore::log_end_of_request() {
  if (replay_ == nullptr || !replay_->log.is_replayable()) return true;
  if (requests_.front().may_end_transaction && backend_->ledger.status() != TransactionStatus::idle)
    give_up_replay(ReplayObstacle::several);  // there was an end in it, and a new beginning
  replay_->log.end_request();
  if (replay_->log.has_diverged()) return false;
  if (replay_->since && !replay_->log.is_repeating()) finish_replay();
  return true;
}

}  // namespace howdah
