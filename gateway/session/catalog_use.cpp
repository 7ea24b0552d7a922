// How a session uses what is known of its database's functions and relations, and how what it changes is told to everybody
// before its client gets the answer.
#include <algorithm>

#include "gateway/session/session_core.hpp"

namespace howdah {

// A transaction that has changed the catalog sees its changes already, and nobody knows what they are.
const CatalogFacts& SessionCore::facts_in_force() const {
  if (!catalog_) return CatalogFacts::unread();
  const CatalogFacts& facts = catalog_->in_force();
  const bool is_behind = catalog_change_ == CatalogChange::changes && facts.status() == CatalogFacts::Status::read;
  return is_behind ? CatalogFacts::stale() : facts;
}

TraitsPtr SessionCore::traits_of(std::string_view sql) {
  const std::uint64_t misses = env_.parse_cache.stats().misses;
  TraitsPtr traits = env_.parse_cache.find_or_classify(sql, facts_in_force());
  // Perhaps the object was made a moment ago, elsewhere. Once per text and snapshot.
  if (traits->names_unlisted && env_.parse_cache.stats().misses != misses) catalog_->changes->ask();
  return traits;
}

// Traits kept since the text was parsed may be out of date.
void SessionCore::refresh(TraitsPtr& traits, std::string_view sql) {
  if (traits->catalog_stamp != 0 && traits->catalog_stamp != facts_in_force().stamp()) traits = traits_of(sql);
}

// A statement of the newest request is about to be sent.
void SessionCore::note_catalog_change(const Traits& traits) {
  if (catalog_) catalog_change_ = std::max(catalog_change_, traits.catalog_change);
}

// CommandComplete may be the end of the transaction, and is what the client has waited for.
void SessionCore::on_command_complete() {
  const bool may_commit = told_status_ == TransactionStatus::idle || requests_.empty() ||
                          requests_.front().has_transaction_control ||
                          requests_.front().control != TransactionControl::none;
  if (may_commit && catalog_change_ == CatalogChange::changes) catalog_->changes->mark();
}

// The transaction is over, one way or the other.
void SessionCore::tell_catalog_change() {
  switch (std::exchange(catalog_change_, CatalogChange::none)) {
    case CatalogChange::none: return;
    case CatalogChange::adds: return catalog_->changes->ask();
    case CatalogChange::changes: return catalog_->changes->mark();
  }
}

}  // namespace howdah
