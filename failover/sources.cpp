#include "failover/sources.hpp"

#include <algorithm>
#include <charconv>

#include "conf/conninfo.hpp"
#include "failover/statements.hpp"

namespace howdah::failover {

namespace {

constexpr Duration kSourceRetryDelay = 500ms;
constexpr Ping kPatientPing{.after = 3s, .patience = 2s};

Duration parse_ms(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return milliseconds(value);
}

bool is_one_of_ours(const Source& source, const std::vector<health::NodeOptions>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [&](const health::NodeOptions& node) {
    return node.host == source.host && node.port == source.port;
  });
}

}  // namespace

// The timeout stays well above the silence so far: below it, the receiver of an idle but living primary would give up
// instead of asking. It pings at once then, and after the answer not before half of that timeout: until then its silence says
// nothing.
void Sources::want_asked(NodeId standby, Duration age, const Ping& first, Instant now) {
  const auto [found, is_new] = standbys_.try_emplace(standby);
  Standby& entry = found->second;
  const bool is_being_asked = !is_new && entry.wish == Wish::asked && !entry.is_done;
  const bool was_just_asked = entry.is_asked && now - entry.ping.since < entry.asked_again_after;
  if (is_being_asked || was_just_asked) return;
  const Ping& wanted = entry.is_asked ? kPatientPing : first;
  entry.wish = Wish::asked;
  entry.asked_again_after = wanted.after + wanted.patience;
  entry.sent_timeout = std::max(2 * wanted.after, age + age / 2);
  entry.ping = {.after = entry.sent_timeout / 2, .patience = wanted.patience};
  entry.is_asked = entry.is_done = false;
}

void Sources::want_calm(NodeId standby) {
  Standby& entry = standbys_[standby];
  if (entry.wish != Wish::asked && !entry.is_done) return;
  if (entry.wish != Wish::calm) entry.is_done = false;
  entry.wish = Wish::calm;
  entry.is_asked = false;
}

void Sources::want_known(NodeId standby) {
  const auto [found, is_new] = standbys_.try_emplace(standby);
  if (is_new) found->second.wish = Wish::known;
}

void Sources::want_frozen(NodeId standby) {
  Standby& entry = standbys_[standby];
  if (entry.wish != Wish::frozen) entry.is_done = false;
  entry.wish = Wish::frozen;
}

void Sources::want_following(NodeId standby, const health::NodeOptions& primary, bool is_repair) {
  Standby& entry = standbys_[standby];
  if (entry.wish == Wish::following && entry.target.id == primary.id) return;
  entry.wish = Wish::following;
  entry.target = primary;
  entry.is_repair = is_repair;
  entry.is_slot_made = false;
  entry.is_done = false;
}

void Sources::advance(const std::vector<health::NodeOptions>& nodes, Duration limit, Instant now,
                      Actions<Action>& out) {
  for (auto& [id, standby] : standbys_)
    if (!standby.step && !standby.is_done && now >= standby.retry_at) send_next(id, standby, nodes, limit, now, out);
}

void Sources::send_next(NodeId id, Standby& standby, const std::vector<health::NodeOptions>& nodes, Duration limit,
                        Instant now, Actions<Action>& out) {
  if (!standby.conninfo) return send(id, standby, SqlStep::read_source, sql_read_source(), limit, now, out);
  switch (standby.wish) {
    case Wish::known: standby.is_done = true; return;
    case Wish::calm:
      if (!standby.is_timeout_changed) standby.is_done = true;
      else put_timeout_back(id, standby, limit, now, out);
      return;
    case Wish::asked:
      return send(id, standby, SqlStep::ask_standby, sql_set_receiver_timeout(standby.sent_timeout), limit, now, out);
    case Wish::frozen: {
      const auto frozen = with_source(*standby.conninfo, kFrozenHost, 5432);
      if (!frozen) {
        standby.trouble = "primary_conninfo cannot be read";
        standby.retry_at = now + kSourceRetryDelay;
        return;
      }
      standby.sent_conninfo = *frozen;
      return send(id, standby, SqlStep::freeze, sql_set_source(*frozen), limit, now, out);
    }
    case Wish::following:
      return send_follow(id, standby, nodes, limit, now, out);
  }
}

void Sources::send_follow(NodeId id, Standby& standby, const std::vector<health::NodeOptions>& nodes, Duration limit,
                          Instant now, Actions<Action>& out) {
  const auto source = source_of(*standby.conninfo);
  const auto wanted = with_source(*standby.conninfo, standby.target.host, standby.target.port);
  if (!source || !wanted) {
    standby.trouble = "primary_conninfo cannot be read";
    standby.is_done = true;
    return;
  }
  const bool points_there = source->host == standby.target.host && source->port == standby.target.port;
  const bool is_foreign = standby.is_repair && source->host != kFrozenHost && !is_one_of_ours(*source, nodes);
  const bool is_settled = points_there || is_foreign;
  if (is_settled && standby.is_timeout_changed) return put_timeout_back(id, standby, limit, now, out);
  // Also for one that points there already: its agent does not know whether the new primary has its slot.
  if (!is_foreign && !standby.slot.empty() && !standby.is_slot_made)
    return send(standby.target.id, standby, SqlStep::create_slot, sql_create_slot(standby.slot), limit, now, out);
  if (is_settled) {
    standby.is_done = true;
    return;
  }
  standby.sent_conninfo = *wanted;
  send(id, standby, SqlStep::follow, sql_set_source(*wanted), limit, now, out);
}

void Sources::put_timeout_back(NodeId id, Standby& standby, Duration limit, Instant now, Actions<Action>& out) {
  standby.sent_timeout = standby.receiver_timeout;
  send(id, standby, SqlStep::ask_standby, sql_set_receiver_timeout(standby.sent_timeout), limit, now, out);
}

void Sources::send(NodeId on, Standby& standby, SqlStep step, std::vector<std::string> statements, Duration limit,
                   Instant now, Actions<Action>& out) {
  standby.sent = step;
  standby.step = desk_.send(on, step, std::move(statements), limit, now, out);
}

bool Sources::on(const SqlDone& done, Instant now) {
  const auto found = std::find_if(standbys_.begin(), standbys_.end(),
                                  [&](const auto& entry) { return entry.second.step == done.id; });
  if (found == standbys_.end()) return false;
  auto& [id, standby] = *found;
  standby.step.reset();
  if (!done.is_ok) {
    if (standby.trouble != done.error)
      log_.warn("step failed node={} step={} sqlstate={} error=\"{}\"", done.node.value, to_text(standby.sent),
                done.sqlstate, done.error);
    standby.trouble = done.error;
    standby.retry_at = now + kSourceRetryDelay;
    return true;
  }
  standby.trouble.clear();
  take_result(id, standby, done, now);
  return true;
}

void Sources::take_result(NodeId id, Standby& standby, const SqlDone& done, Instant now) {
  switch (standby.sent) {
    case SqlStep::read_source:
      if (done.rows.empty() || done.rows[0].size() < 3) return;
      standby.conninfo = done.rows[0][0];
      standby.slot = done.rows[0][1];
      if (!standby.is_timeout_changed) standby.receiver_timeout = parse_ms(done.rows[0][2]);
      return;
    case SqlStep::ask_standby:
      standby.is_timeout_changed = standby.sent_timeout != standby.receiver_timeout;
      standby.ping.since = now;
      standby.is_asked = standby.is_done = standby.wish == Wish::asked;
      return;
    case SqlStep::freeze:
      standby.conninfo = standby.sent_conninfo;
      standby.frozen_at = now;
      standby.is_done = standby.wish == Wish::frozen;
      log_.info("standby stopped receiving node={}", id.value);
      return;
    case SqlStep::create_slot:
      standby.is_slot_made = true;
      return;
    case SqlStep::follow:
      standby.conninfo = standby.sent_conninfo;
      standby.frozen_at.reset();
      log_.info("standby pointed at primary node={} primary={}", id.value, standby.target.id.value);
      return;
    default:
      return;
  }
}

std::optional<Instant> Sources::next_deadline() const {
  std::optional<Instant> next;
  for (const auto& [id, standby] : standbys_)
    if (!standby.step && !standby.is_done && (!next || standby.retry_at < *next)) next = standby.retry_at;
  return next;
}

void Sources::forget() { standbys_.clear(); }
void Sources::forget(NodeId standby) { standbys_.erase(standby); }

void Sources::note_primary(NodeId node) {
  const auto found = standbys_.find(node);
  if (found == standbys_.end()) return;
  Standby& entry = found->second;
  entry = {.wish = Wish::known,
           .receiver_timeout = entry.receiver_timeout,
           .is_timeout_changed = entry.is_timeout_changed,
           .is_done = true};
}

std::optional<Ping> Sources::ping_of(NodeId standby) const {
  const auto found = standbys_.find(standby);
  const bool is_in_force = found != standbys_.end() && found->second.is_asked;
  return is_in_force ? std::optional(found->second.ping) : std::nullopt;
}
std::optional<Instant> Sources::frozen_at(NodeId standby) const {
  const auto found = standbys_.find(standby);
  return found == standbys_.end() ? std::nullopt : found->second.frozen_at;
}
bool Sources::is_done(NodeId standby) const {
  const auto found = standbys_.find(standby);
  return found == standbys_.end() || found->second.is_done;
}
std::string Sources::trouble_of(NodeId standby) const {
  const auto found = standbys_.find(standby);
  return found == standbys_.end() ? std::string{} : found->second.trouble;
}

}  // namespace howdah::failover
