#include "gateway/session/closed_primary.hpp"

namespace howdah {

using namespace session;

bool is_refusal_of_others(std::string_view sqlstate, const Transaction& transaction) {
  return sqlstate == "25006" && !transaction.is_read_only && !transaction.is_default_read_only && !transaction.is_read_only_at_login;
}

bool is_closed_by_others(const wire::ParameterSet& reported, const Transaction& transaction) {
  const std::string* value = reported.find("default_transaction_read_only");
  return value != nullptr && *value == "on" && !transaction.is_default_read_only && !transaction.is_read_only_at_login;
}

bool may_wait_for_next_primary(const Request& request) {
  return (request.is_write_apart || request.is_rerunnable) && (request.is_complete || request.is_at_hand) && request.retained > 0 && !request.has_forwarded &&
         !request.is_followed && !request.has_steps;
}

void note_refusal(Rerun& rerun, NodeId node, Epoch epoch, Instant now) {
  rerun.refusal = Refusal{node, epoch, rerun.refusal ? rerun.refusal->since : now};
}

bool may_refuse_again(const std::optional<Refusal>& refusal, Instant now) {
  return !refusal || now < refusal->since + kDownAfterWord;
}

bool is_next_primary_awaited(const Refusal& refusal, const ClusterView& view, Instant now) {
  return !refusal.is_over && view.primary == refusal.node && view.epoch == refusal.epoch && may_refuse_again(refusal, now);
}

}  // namespace howdah
