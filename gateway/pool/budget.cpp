#include "gateway/pool/budget.hpp"

#include "base/assert.hpp"
#include "base/overloaded.hpp"

#include <algorithm>
#include <array>

namespace howdah {

void Budget::on(WorkerId worker, const PoolKey& key, const BudgetRequest& request, Replies& out) {
  Entry& entry = entry_of(key);
  Share& share = share_of(entry, worker);
  std::visit(Overloaded{
                 [&](const AskPermit& asked) {
                   ask(entry, share, asked);
                   serve(out);
                 },
                 [&](const Withdraw& withdrawn) { withdraw(entry, share, withdrawn.session); },
                 [&](const AskReserve& asked) {
                   ask_reserve(entry, share, asked.session);
                   serve(out);
                 },
                 [&](const AskSpare& asked) { ask_spare(entry, share, asked.count, out); },
                 [&](const PauseOpening& pause) {
                   share.is_paused = pause.is_paused;
                   serve(out);
                 },
                 [&](const Opened&) {
                   HOWDAH_ASSERT(share.connecting > 0);
                   --share.connecting;
                   serve(out);
                 },
                 [&](const Offer& offer) {
                   out.push(BudgetReply{worker, &entry.key, judge(entry, share, offer)});
                   if (offer.is_new) serve(out);
                 },
                 [&](const ReleasePermit& released) {
                   release(entry, share, released);
                   serve(out);
                 },
             },
             request);
}

void Budget::set_limits(LimitsOf limits_of, Replies& out) {
  limits_of_ = std::move(limits_of);
  for (auto& [key, entry] : entries_) {
    entry.limits = limits_of_(key);
    if (!is_above_maximum(entry)) continue;
    for (const auto& [worker, share] : entry.shares)
      if (share.used > 0) out.push(BudgetReply{worker, &entry.key, LimitLowered{}});
  }
  serve(out);
}

std::uint32_t Budget::used(const PoolKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.used;
}

std::uint32_t Budget::used_by(const std::optional<std::string>& database) const {
  std::uint32_t sum = 0;
  for (const auto& [name, group] : databases_)
    if (!database || name == *database) sum += group.used;
  return sum;
}

bool Budget::has_blocked() {
  return std::ranges::any_of(waiting_entries_, [](Entry* entry) {
    const Uncovered waits = uncovered(*entry);
    return waits.oldest != nullptr || waits.has_paused;
  });
}

// ---- counting

Budget::Entry& Budget::entry_of(const PoolKey& key) {
  const auto [found, is_new] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (is_new) {
    entry.key = key;
    entry.limits = limits_of_(key);
    entry.database = &databases_[key.database];
    entry.user = &users_[key.user];
    entry.node = &nodes_[key.node];
  }
  return entry;
}

bool Budget::has_open(const Entry& entry) {
  std::uint32_t connecting = 0;
  for (const auto& [worker, share] : entry.shares) connecting += share.connecting;
  return entry.used > connecting;
}

Budget::Share& Budget::share_of(Entry& entry, WorkerId worker) {
  return entry.shares.try_emplace(worker, Share{.worker = worker}).first->second;
}

void Budget::count(Entry& entry, Share& share, int change) {
  for (std::uint32_t* used : {&share.used, &entry.used, &entry.database->used, &entry.user->used, &entry.node->used}) {
    HOWDAH_ASSERT(change > 0 || *used > 0);
    *used += static_cast<std::uint32_t>(change);
  }
}

PoolLimit Budget::limit_of(const Entry& entry, bool may_use_reserve, const Entry* leaving, std::uint32_t coming) const {
  const auto is_full = [](std::uint32_t used, std::uint32_t limit) { return limit > 0 && used >= limit; };
  const auto without = [&](const Group* group, Group* Entry::*of) {
    return group->used - (leaving != nullptr && leaving->*of == group ? 1 : 0);
  };
  const PoolLimits& limits = entry.limits;
  const std::uint32_t reserve = may_use_reserve ? limits.reserve_pool_size : 0;
  if (limits.default_pool_size > 0 && entry.used + coming >= limits.default_pool_size + reserve)
    return PoolLimit::pool_size;
  if (is_full(without(entry.database, &Entry::database), limits.max_db_connections)) return PoolLimit::database;
  if (is_full(without(entry.user, &Entry::user), limits.max_user_connections)) return PoolLimit::user;
  if (is_full(without(entry.node, &Entry::node), limits.max_node_connections)) return PoolLimit::node;
  return PoolLimit::none;
}

// ---- tickets

void Budget::ask(Entry& entry, Share& share, const AskPermit& request) {
  if (entry.tickets.empty()) waiting_entries_.push_back(&entry);
  if (share.tickets++ == 0) ++waiting_shares_;
  ++waiting_;
  const Ticket ticket{.share = &share, .session = request.session, .since = request.since, .number = ++tickets_made_};
  auto place = entry.tickets.end();
  while (place != entry.tickets.begin() && ticket.is_older_than(*std::prev(place))) --place;
  entry.tickets.insert(place, ticket);
}

void Budget::drop(Entry& entry, std::deque<Ticket>::iterator ticket) {
  Share& share = *ticket->share;
  entry.tickets.erase(ticket);
  --waiting_;
  if (entry.tickets.empty()) std::erase(waiting_entries_, &entry);
  if (--share.tickets == 0 && --waiting_shares_ <= 1) ++calm_;
}

void Budget::withdraw(Entry& entry, const Share& share, SessionId session) {
  const auto found = std::ranges::find_if(
      entry.tickets, [&](const Ticket& ticket) { return ticket.session == session && ticket.share == &share; });
  if (found != entry.tickets.end()) drop(entry, found);
}

void Budget::ask_reserve(Entry& entry, const Share& share, SessionId session) {
  for (Ticket& ticket : entry.tickets)
    if (ticket.session == session && ticket.share == &share) ticket.may_use_reserve = true;
}

void Budget::ask_spare(Entry& entry, Share& share, std::uint32_t least, Replies& out) {
  if (entry.used >= std::max(entry.limits.min_pool_size, least) || limit_of(entry, false) != PoolLimit::none) return;
  count(entry, share, +1);
  ++share.connecting;
  out.push(BudgetReply{share.worker, &entry.key, SpareGranted{}});
}

// A worker's connecting permits cover as many of its oldest tickets, so the scan is short unless openings are paused.
Budget::Uncovered Budget::uncovered(Entry& entry) {
  Uncovered found;
  std::vector<std::pair<const Share*, std::uint32_t>> covers;
  for (const auto& [worker, share] : entry.shares)
    if (share.connecting > 0) covers.emplace_back(&share, share.connecting);
  for (Ticket& ticket : entry.tickets) {
    const auto cover = std::ranges::find(covers, ticket.share, &std::pair<const Share*, std::uint32_t>::first);
    if (cover != covers.end() && cover->second > 0) {
      --cover->second;
      continue;
    }
    if (ticket.share->is_paused) {
      found.has_paused = true;
      continue;
    }
    if (found.oldest == nullptr) found.oldest = &ticket;
    if (ticket.makes_room == BackendId{}) {
      found.oldest_without_room = &ticket;
      return found;
    }
    ++found.with_room;
  }
  return found;
}

// ---- a connection became free

OfferAnswered Budget::judge(Entry& entry, Share& share, const Offer& offer) {
  OfferAnswered answer{.backend = offer.backend};
  if (offer.is_new) {
    HOWDAH_ASSERT(share.connecting > 0);
    --share.connecting;
  }
  const auto own = std::ranges::find_if(entry.tickets, [&](const Ticket& ticket) {
    return ticket.share == &share && ticket.session == offer.oldest_ticket;
  });
  if (offer.oldest_ticket && own == entry.tickets.end()) {
    answer.verdict = OfferVerdict::serve_here;  // it was the oldest, and this one or another is on its way to it
    return answer;
  }
  if (makes_room(entry, offer)) {
    answer.verdict = OfferVerdict::make_room;
    return answer;
  }
  const auto oldest = entry.tickets.begin();
  const bool stays = oldest == entry.tickets.end() || oldest->share == &share ||
                     (offer.oldest_waiter && oldest->since + entry.limits.hand_over_after >= *offer.oldest_waiter);
  if (!stays) {
    Share& other = *oldest->share;
    answer.verdict = OfferVerdict::hand_over;
    answer.to = other.worker;
    --share.used;
    ++other.used;
    drop(entry, oldest);
    return answer;
  }
  if (!offer.oldest_waiter && ((offer.is_unused && is_above_minimum(entry)) || is_above_maximum(entry))) {
    entry.expiring.push_back(offer.backend);
    answer.verdict = OfferVerdict::expire;
    return answer;
  }
  if (!offer.oldest_waiter) {
    share.recalled_in = 0;  // it lies idle from now on: whoever waits next has to ask for it
    return answer;
  }
  answer.verdict = OfferVerdict::serve_here;
  if (own != entry.tickets.end()) drop(entry, own);
  return answer;
}

// Whether the offered connection is better closed, because a pool that may not open another one waits (longer).
bool Budget::makes_room(Entry& entry, const Offer& offer) {
  std::optional<Instant> here = offer.oldest_waiter;
  if (!entry.tickets.empty()) here = std::min(here.value_or(Instant::max()), entry.tickets.front().since);
  Ticket* best = nullptr;
  for (Entry* other : waiting_entries_) {
    if (other == &entry) continue;
    const Uncovered waits = uncovered(*other);
    Ticket* ticket = waits.oldest_without_room;
    if (ticket == nullptr || (here && ticket->since + entry.limits.make_room_after >= *here)) continue;
    if (limit_of(*other, ticket->may_use_reserve) == PoolLimit::none) continue;
    if (limit_of(*other, ticket->may_use_reserve, &entry, waits.with_room) != PoolLimit::none) continue;
    if (best == nullptr || ticket->is_older_than(*best)) best = ticket;
  }
  if (best == nullptr) return false;
  best->makes_room = offer.backend;
  making_room_.push_back(offer.backend);
  return true;
}

void Budget::release(Entry& entry, Share& share, const ReleasePermit& request) {
  if (request.was_connecting) {
    HOWDAH_ASSERT(share.connecting > 0);
    --share.connecting;
  }
  count(entry, share, -1);
  std::erase(entry.expiring, request.backend);
  if (std::erase(making_room_, request.backend) == 0) return;
  for (Entry* waiting : waiting_entries_)
    for (Ticket& ticket : waiting->tickets)
      if (ticket.makes_room == request.backend) ticket.makes_room = {};
}

// ---- giving out

void Budget::serve(Replies& out) {
  while (grant_oldest(out)) continue;
  for (Entry* entry : waiting_entries_) {
    const Uncovered waits = uncovered(*entry);
    if (waits.has_paused) recall(*entry, PoolLimit::pool_size, out);
    if (waits.oldest == nullptr) continue;
    const PoolLimit limit = limit_of(*entry, waits.oldest->may_use_reserve);
    explain(*entry, limit, out);
    if (waits.oldest_without_room != nullptr) recall(*entry, limit, out);
  }
}

bool Budget::grant_oldest(Replies& out) {
  Entry* best = nullptr;
  Ticket* best_ticket = nullptr;
  for (Entry* entry : waiting_entries_) {
    Ticket* ticket = uncovered(*entry).oldest;
    if (ticket == nullptr || limit_of(*entry, ticket->may_use_reserve) != PoolLimit::none) continue;
    if (best_ticket != nullptr && !ticket->is_older_than(*best_ticket)) continue;
    best = entry;
    best_ticket = ticket;
  }
  if (best == nullptr) return false;
  const bool has_others = has_open(*best);
  Share& share = *best_ticket->share;
  count(*best, share, +1);
  ++share.connecting;
  out.push(BudgetReply{share.worker, &best->key, PermitGranted{has_others}});
  return true;
}

void Budget::explain(Entry& entry, PoolLimit limit, Replies& out) {
  for (auto& [worker, share] : entry.shares) {
    if (share.tickets <= share.connecting || share.told == limit) continue;
    share.told = limit;
    out.push(BudgetReply{worker, &entry.key, PermitDelayed{limit}});
  }
}

// Asks every pool that could help and may have let connections lie idle. A pool that has waiters itself has none idle.
void Budget::recall(Entry& blocked, PoolLimit limit, Replies& out) {
  const auto can_help = [&](const Entry& entry) {
    switch (limit) {
      case PoolLimit::database:
        return entry.database == blocked.database;
      case PoolLimit::user:
        return entry.user == blocked.user;
      case PoolLimit::node:
        return entry.node == blocked.node;
      case PoolLimit::pool_size:
      case PoolLimit::none:
        break;
    }
    return &entry == &blocked;
  };
  const auto ask_idle = [&](Entry& entry) {
    if (!can_help(entry)) return;
    for (auto& [worker, share] : entry.shares) {
      if (share.used == 0 || share.tickets > 0 || share.recalled_in == calm_) continue;
      share.recalled_in = calm_;
      out.push(BudgetReply{worker, &entry.key, IdleRecalled{}});
    }
  };
  if (limit == PoolLimit::pool_size) return ask_idle(blocked);
  for (auto& [key, entry] : entries_) ask_idle(entry);
}

}  // namespace howdah
