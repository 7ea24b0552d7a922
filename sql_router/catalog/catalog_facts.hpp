// What the functions and relations of one database do: an immutable snapshot, made from the catalog's rows
// (catalog_builder.hpp) by whoever reads it, shared by all workers. search_path does not matter: a name without a schema
// stands for all of that name in any schema, whatever the worst of them does. Names that are not in the snapshot are
// unknown, not harmless: it holds every function and relation that is not PostgreSQL's own.
// Two stand in where there is no snapshot: unread() while there has been none (relations are taken for tables, functions
// are unknown), stale() after a change, until it has been read again (everything is unknown).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql_router/effects.hpp"

namespace howdah {

// Tells which database, and which of its snapshots.
constexpr std::uint64_t make_stamp(std::uint32_t database, std::uint32_t snapshot) {
  return std::uint64_t{database} << 32 | snapshot;
}
constexpr std::uint32_t database_of(std::uint64_t stamp) { return static_cast<std::uint32_t>(stamp >> 32); }
// No snapshot: unread(), or stale(). Zero: no facts were asked.
constexpr bool is_stand_in(std::uint64_t stamp) { return stamp != 0 && database_of(stamp) == 0; }

struct FoundEffects {
  Effects effects;
  bool is_unlisted = false;  // the snapshot does not hold the name
};

class CatalogFacts {
 public:
  enum class Status : std::uint8_t { unread, stale, read };

  static const CatalogFacts& unread();
  static CatalogFacts unreadable(std::string why);
  static const CatalogFacts& stale();

  // `stamp`: make_stamp(); no two snapshots share one. `as_of`: how many changes the database had seen before it
  // was read.
  CatalogFacts(std::uint64_t stamp, std::uint64_t as_of) : stamp_(stamp), as_of_(as_of) {}

  Status status() const { return status_; }
  std::uint64_t stamp() const { return stamp_; }
  // For people: what there is, or why there is nothing.
  std::string description() const;
  std::uint64_t as_of() const { return as_of_; }

  // Built-in functions are judged here, too: a name without a schema may stand for both.
  FoundEffects effects_of_call(const ObjectName& name) const;
  // Functions that are called without their names: by operators ("<~~"), casts and domains ("::type"), as columns of a row
  // (".name"). Most databases have none that do anything; then nobody needs to ask.
  bool has_uses() const { return !uses_.empty(); }
  Effects effects_of_use(const ObjectName& name) const;
  // Reads of a relation; catalogs and the like are name_rules' business.
  FoundEffects effects_of_relation(const NamedRelation& relation) const;

  // True also where nobody knows.
  bool may_have_sequences() const { return status_ != Status::read || has_sequences_; }

  // For the builder.
  void add_function(const ObjectName& name, const Effects& effects);
  void add_use(const ObjectName& name, const Effects& effects);
  void add_relation(const ObjectName& name, const Effects& effects);

 private:
  // Most objects do nothing worth telling: they share number 0.
  using Index = std::unordered_map<std::string, std::uint32_t>;

  explicit CatalogFacts(Status status);
  void add(Index& index, std::string key, const Effects& effects);
  const Effects* find(const Index& index, const ObjectName& name) const;

  Status status_ = Status::read;
  std::string why_not_;
  std::uint64_t stamp_;
  std::uint64_t as_of_ = 0;
  std::size_t function_count_ = 0;
  std::size_t relation_count_ = 0;
  bool has_sequences_ = false;
  std::vector<Effects> effects_{Effects{}};
  Index functions_;  // by schema and name, and by name alone
  Index relations_;
  Index uses_;  // only of those that have effects
};

using CatalogFactsPtr = std::shared_ptr<const CatalogFacts>;  // shared by all workers

}  // namespace howdah
