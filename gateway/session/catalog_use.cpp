// How a session uses what is known of its database's functions and relations, and how what it changes is told to
// everybody before its client gets the answer.
#include <algorithm>
#include <utility>

#include "gateway/session/session_core.hpp"

namespace howdah {

namespace {

// It is not known what the text does, but a newer snapshot may tell.
bool is_to_be_proven(const Traits& traits) {
  return traits.pins.has(PinReason::opaque) && (is_stand_in(traits.catalog_stamp) || traits.names_unlisted);
}

}  // namespace

// A transaction that has changed the catalog sees its changes already, and nobody knows what they are.
const CatalogFacts& SessionCore::facts_in_force() const {
  if (!catalog_.use) return CatalogFacts::unread();
  const CatalogFacts& facts = catalog_.use->in_force();
  const bool is_behind = catalog_.change == CatalogChange::changes && facts.status() == CatalogFacts::Status::read;
  return is_behind ? CatalogFacts::stale() : facts;
}

TraitsPtr SessionCore::traits_of(std::string_view sql) {
  if (catalog_.is_pin_unproven) prove_pins();
  const std::uint64_t misses = env_.parse_cache.stats().misses;
  TraitsPtr traits = env_.parse_cache.find_or_classify(sql, facts_in_force());
  // Perhaps the object was made a moment ago, elsewhere. Once per text and snapshot.
  if (traits->names_unlisted && env_.parse_cache.stats().misses != misses) catalog_.use->changes->ask();
  if (catalog_.use && is_to_be_proven(*traits)) {
    constexpr std::size_t kMostTexts = 16;
    constexpr std::uint64_t kNever = ~std::uint64_t{0};
    if (catalog_.unproven.empty()) catalog_.unproven_as_of = catalog_.use->changes->count();
    if (catalog_.unproven.size() < kMostTexts) catalog_.unproven.emplace_back(sql);
    else catalog_.unproven_as_of = kNever;
    catalog_.unproven_stamp = traits->catalog_stamp;
  }
  return traits;
}

// Traits kept since the text was parsed may be out of date.
void SessionCore::refresh(TraitsPtr& traits, std::string_view sql) {
  if (traits->catalog_stamp != 0 && traits->catalog_stamp != facts_in_force().stamp()) traits = traits_of(sql);
}

void SessionCore::refresh(PreparedStatement& statement) {
  if (!statement.is_sql()) return refresh(statement.traits, statement.sql);
  const std::uint64_t stamp = statement.traits->catalog_stamp;
  if (stamp != 0 && stamp != facts_in_force().stamp()) statement.traits = traits_of(statement.sql)->prepared.traits;
}

// A statement of the newest request is about to be sent.
void SessionCore::note_catalog_change(const Traits& traits) {
  if (traits.catalog_change == CatalogChange::none) return;
  catalog_.change = std::max(catalog_.change, traits.catalog_change);
  env_.schema_changes->fetch_add(1, std::memory_order_relaxed);
}

// A text of several statements is known by the kind of its first.
void session::note_login_changes(CatalogMemory& memory, const Traits& traits, std::string_view sql) {
  const bool may_change = traits.statement_count == 1 ? traits.row().may_change_logins : traits.catalog_change != CatalogChange::none;
  if (!may_change) return;
  for (LoginChange& change : login_changes_of(sql)) memory.login_changes.push_back(std::move(change));
}

// A statement of the newest request is about to be sent. `pins_` is still as it was before.
void SessionCore::note_unproven_pin(const Traits& traits) {
  if (!traits.pins.has(PinReason::opaque)) return;
  catalog_.is_pin_unproven = is_to_be_proven(traits) && (catalog_.is_pin_unproven || !pins_.has(PinReason::opaque));
}

// The catalog has been read since: what the texts do now they did then, if nothing has changed in between.
void SessionCore::prove_pins() {
  const CatalogFacts& facts = facts_in_force();
  const bool is_idle = requests_.empty() && !is_batch_open_ && client_status() == TransactionStatus::idle;
  const bool is_newer = facts.status() == CatalogFacts::Status::read && facts.stamp() != catalog_.unproven_stamp;
  if (!is_newer || !is_idle) return;
  catalog_.is_pin_unproven = false;
  PinReasons pins;
  for (const std::string& text : std::exchange(catalog_.unproven, {}))
    pins.add(env_.parse_cache.find_or_classify(text, facts)->pins);
  if (facts.as_of() != catalog_.unproven_as_of || pins.has(PinReason::opaque)) return;
  pins_.remove(PinReason::opaque);
  pins_.add(pins);
}

// CommandComplete may be the end of the transaction, and is what the client has waited for.
void SessionCore::on_command_complete() {
  if (catalog_.change != CatalogChange::changes || !catalog_.use) return;
  const bool may_commit = transaction_.told_status == TransactionStatus::idle || requests_.empty() ||
                          requests_.front().has_transaction_control ||
                          requests_.front().control != TransactionControl::none;
  if (may_commit) catalog_.use->changes->mark();
}

// The transaction is over, one way or the other.
void SessionCore::tell_catalog_change() {
  for (const LoginChange& change : std::exchange(catalog_.login_changes, {}))
    if (env_.tell_login_change) env_.tell_login_change(change);
  const CatalogChange change = std::exchange(catalog_.change, CatalogChange::none);
  if (change == CatalogChange::none) return;
  env_.schema_changes->fetch_add(1, std::memory_order_relaxed);
  if (!catalog_.use) return;
  switch (change) {
    case CatalogChange::none:
    case CatalogChange::plans: return;
    case CatalogChange::adds: return catalog_.use->changes->ask();
    case CatalogChange::changes: return catalog_.use->changes->mark();
  }
}

}  // namespace howdah
