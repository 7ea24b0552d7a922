// Looks through an extended batch before any of it is sent: up to Sync it is one implicit transaction (manual "Extended
// Query", "Pipelining"), so all of it goes to one node, the primary if any statement needs it.
#include <algorithm>
#include <utility>

#include "gateway/session/session_core.hpp"

namespace howdah {

using namespace session;

using wire::ClientTag;

namespace {

constexpr std::size_t kMaxCollected = 64 * 1024;  // a longer batch goes to the primary before its end is known

const TraitsPtr& oversized_traits() {
  static const TraitsPtr traits = [] {
    Traits unread;
    unread.parse = ParseOutcome::too_long;
    unread.verdict.reason = RouteReason::too_long;
    unread.has_transaction_control = true;
    return std::make_shared<const Traits>(std::move(unread));
  }();
  return traits;
}

const ScannedPortal* find_scanned(const BatchScan& scan, std::string_view name) {
  const auto found = std::find_if(scan.bound.rbegin(), scan.bound.rend(),
                                  [name](const ScannedPortal& portal) { return portal.name == name; });
  return found == scan.bound.rend() ? nullptr : &*found;
}

std::string_view text_of(const BatchScan& scan, const Prepared& prepared, std::string_view statement) {
  for (auto it = scan.parsed.rbegin(); it != scan.parsed.rend(); ++it)
    if (it->name == statement) return it->sql;
  if (statement.empty()) return prepared.unnamed.sql;
  const auto found = prepared.statements.find(statement);
  return found == prepared.statements.end() ? std::string_view{} : found->second->sql;
}

}  // namespace

// False: more bytes are needed (or the client was sent away). The result is in scan_.
bool SessionCore::scan_batch(Bytes input) {
  scan_.is_ready = scan_.is_oversized = scan_.is_ended = scan_.has_server_part = scan_.has_local_part = false;
  scan_.binds_named = scan_.leaves_portal = false;
  scan_.is_preparing_only = true;
  scan_.held.clear();
  scan_.traits.clear();
  scan_.run.clear();
  scan_.parsed.clear();
  scan_.bound.clear();
  scan_.begin.clear();
  scan_.executed.clear();
  scan_.executed_to = scan_.until_last = 0;
  std::size_t at = 0;
  while (at < input.size()) {
    const std::optional<Head> head = head_of(input.subspan(at));
    if (is_closed_) return false;
    if (!head) break;
    const Bytes rest = input.subspan(at);
    if (rest.size() < head->total) break;
    if (!scan_message(rest.first(head->total), *head)) return false;
    if (scan_.is_ready) return since_.unended.reset(), true;
    at += head->total;
    if (static_cast<ClientTag>(head->tag) == ClientTag::execute) scan_.until_last = std::exchange(scan_.executed_to, at);
  }
  if (at > 0 && !since_.unended) since_.unended = now_;
  if (input.size() < kMaxCollected && (owes() || !is_silent(since_, now_))) return false;
  scan_.is_ready = scan_.is_oversized = scan_.has_server_part = true;
  scan_traits(oversized_traits());
  scan_.run.push_back(scan_.traits.back());
  return true;
}

bool SessionCore::scan_message(Bytes message, Head head) {
  const Bytes body = message.subspan(wire::kHeaderSize);
  const auto tag = static_cast<ClientTag>(head.tag);
  if (tag != ClientTag::parse && tag != ClientTag::sync) scan_.is_preparing_only = false;
  switch (tag) {
    case ClientTag::sync: scan_.is_ended = true; [[fallthrough]];
    case ClientTag::flush: scan_.is_ready = true; return true;
    case ClientTag::parse: {
      const auto parse = wire::parse_parse(body);
      if (!parse) return close_with(parse.error(), CloseReason::protocol_violation), false;
      const TraitsPtr traits = head.total > options_.max_parse_size ? oversized_traits()
                                                                    : traits_of(parse->sql);
      scan_.parsed.push_back({parse->statement, parse->sql, parse->types, traits});
      scan_traits(traits);
      return true;
    }
    case ClientTag::bind: {
      const auto bind = wire::parse_bind_head(body, true);
      if (!bind) return close_with(bind.error(), CloseReason::protocol_violation), false;
      const TraitsPtr traits = traits_of_statement((*bind)->statement);
      scan_.binds_named |= !(*bind)->statement.empty();
      scan_.leaves_portal |= !(*bind)->portal.empty();
      scan_traits(traits);
      const bool is_local = traits && is_answered_here(*traits);
      if (traits && !is_local) scan_.run.push_back(scan_.traits.back());
      if (traits && traits->transaction == TransactionControl::begin && scan_.run.size() == 1)
        scan_.begin = text_of(scan_, prepared_, (*bind)->statement);
      scan_.bound.push_back({(*bind)->portal, is_local, traits ? scan_.traits.back() : nullptr});
      return true;
    }
    case ClientTag::describe:
    case ClientTag::close: {
      const auto target = wire::parse_target(body);
      if (!target) return close_with(target.error(), CloseReason::protocol_violation), false;
      if (target->target == wire::Target::statement && tag == ClientTag::describe)
        scan_traits(traits_of_statement(target->name));
      else if (target->target == wire::Target::portal && tag == ClientTag::describe &&
               !is_local_portal(target->name))
        scan_.has_server_part = true;
      return true;
    }
    case ClientTag::execute: {
      const auto execute = wire::parse_execute(body);
      if (!execute) return close_with(execute.error(), CloseReason::protocol_violation), false;
      scan_.leaves_portal |= execute->max_rows != 0;
      (is_local_portal(execute->portal) ? scan_.has_local_part : scan_.has_server_part) = true;
      const ScannedPortal* portal = find_scanned(scan_, execute->portal);
      scan_.executed.push_back(portal == nullptr ? nullptr : portal->traits);
      return true;
    }
    default:
      // A Query, FunctionCall or COPY message without Sync before it: what there is goes first.
      scan_.is_ready = true;
      return true;
  }
}

// Also the end of a transaction that was lost with its server.
bool SessionCore::is_answered_here(const Traits& traits) const {
  return is_local(traits) || (transaction_.is_failed && (traits.transaction == TransactionControl::rollback ||
                                             traits.transaction == TransactionControl::commit));
}

void SessionCore::scan_traits(const TraitsPtr& traits) {
  if (!traits) {
    scan_.has_server_part = true;
    return;
  }
  (is_answered_here(*traits) ? scan_.has_local_part : scan_.has_server_part) = true;
  scan_.held.push_back(traits_in_force(traits));
  scan_.traits.push_back(scan_.held.back().get());
}

// Bound in this batch, or before it.
bool SessionCore::is_local_portal(std::string_view name) const {
  const ScannedPortal* portal = find_scanned(scan_, name);
  return portal == nullptr ? local_.portals.contains(name) : portal->is_local;
}

// What a Bind or Describe is about: parsed in this batch, before it, or unknown (nullptr).
TraitsPtr SessionCore::traits_of_statement(std::string_view name) {
  for (auto it = scan_.parsed.rbegin(); it != scan_.parsed.rend(); ++it)
    if (it->name == name) return it->traits;
  if (name.empty()) {
    if (prepared_.unnamed.serial == 0) return nullptr;
    refresh(prepared_.unnamed.traits, prepared_.unnamed.sql);
    return prepared_.unnamed.traits;
  }
  const auto found = prepared_.statements.find(name);
  if (found == prepared_.statements.end()) return nullptr;
  refresh(*found->second);
  return found->second->traits;
}

}  // namespace howdah
