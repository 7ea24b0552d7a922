#include "gateway/session/request.hpp"

#include <algorithm>

namespace howdah {

void Request::note_control_bound(std::string_view portal, const Traits& traits) {
  std::erase_if(control_portals, [&](const ControlPortal& one) { return one.portal == portal; });
  if (traits.transaction == TransactionControl::none) return;  // the portal is another now
  control_portals.push_back({std::string(portal), traits.transaction, leaves_failure(traits.kind)});
}

void Request::note_executed(std::string_view portal, bool is_on_replica) {
  const auto found =
      std::find_if(control_portals.begin(), control_portals.end(), [&](const ControlPortal& one) { return one.portal == portal; });
  if (found == control_portals.end()) return;
  const TransactionControl executed = found->control;
  has_left_failure |= found->leaves_failure;
  control_portals.erase(found);
  if (!is_on_replica) return;
  if (executed == TransactionControl::begin) has_begun_transaction = true, has_ended_transaction = false;
  if (is_plain_end(executed)) has_ended_transaction = true, has_begun_transaction = false;
}

bool RequestQueue::is_in_put_back() const {
  if (empty() || front().put_back_done == front().put_back.size()) return false;
  return front().statements_done == front().put_back[front().put_back_done].behind + 1;
}

bool RequestQueue::is_status_certain() const {
  return std::none_of(begin(), end(), [](const Request& request) { return request.has_transaction_control; });
}

}  // namespace howdah
