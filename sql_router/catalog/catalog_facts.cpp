#include "sql_router/catalog/catalog_facts.hpp"

#include <fmt/format.h>

#include <utility>

#include "sql_router/function_table.hpp"
#include "sql_router/name_rules.hpp"

namespace howdah {

namespace {

// Databases are counted from 1. A stamp of 0 means that no facts were asked.
constexpr std::uint64_t kUnreadStamp = make_stamp(0, 1);
constexpr std::uint64_t kStaleStamp = make_stamp(0, 2);

std::string key_of(std::string_view schema, std::string_view name) {
  std::string key;
  key.reserve(schema.size() + name.size() + 1);
  key.append(schema);
  key += '\0';
  key.append(name);
  return key;
}

}  // namespace

CatalogFacts::CatalogFacts(Status status)
    : status_(status), stamp_(status == Status::unread ? kUnreadStamp : kStaleStamp) {}

const CatalogFacts& CatalogFacts::unread() {
  static const CatalogFacts facts(Status::unread);
  return facts;
}

const CatalogFacts& CatalogFacts::stale() {
  static const CatalogFacts facts(Status::stale);
  return facts;
}

CatalogFacts CatalogFacts::unreadable(std::string why) {
  CatalogFacts facts(Status::unread);
  facts.why_not_ = std::move(why);
  return facts;
}

std::string CatalogFacts::description() const {
  switch (status_) {
    case Status::unread: return why_not_.empty() ? "not read" : fmt::format("cannot be read: {}", why_not_);
    case Status::stale: return "has changed, and is being read again";
    case Status::read: break;
  }
  return fmt::format("read: {} functions, {} tables and views", function_count_, relation_count_);
}

const Effects* CatalogFacts::find(const Index& index, const ObjectName& name) const {
  if (index.empty()) return nullptr;
  const auto found = index.find(key_of(name.schema, name.name));
  return found == index.end() ? nullptr : &effects_[found->second];
}

FoundEffects CatalogFacts::effects_of_call(const ObjectName& name) const {
  const auto builtin = judge_builtin(name.schema, name.name);
  const Effects* found = find(functions_, name);
  if (!builtin && found == nullptr)
    return {unknown_effects(RouteReason::unknown_function), status_ == Status::read};
  FoundEffects result{builtin.value_or(Effects{})};
  if (found != nullptr) result.effects.add(*found, {});
  return result;
}

Effects CatalogFacts::effects_of_use(const ObjectName& name) const {
  const Effects* found = find(uses_, name);
  return found == nullptr ? Effects{} : *found;
}

FoundEffects CatalogFacts::effects_of_relation(const NamedRelation& relation) const {
  const auto& [name, is_certain] = relation;
  if (status_ == Status::unread || judge_relation(name.schema, name.name) != RouteReason::read) return {};
  if (const Effects* found = find(relations_, name)) return {*found};
  if (!is_certain) return {};
  return {unknown_effects(RouteReason::unknown_relation), status_ == Status::read};
}

void CatalogFacts::add(Index& index, std::string key, const Effects& effects) {
  const auto [place, is_new] = index.try_emplace(std::move(key), 0);
  if (effects == Effects{}) return;
  if (place->second == 0) {
    place->second = static_cast<std::uint32_t>(effects_.size());
    effects_.push_back(effects);
    return;
  }
  effects_[place->second].add(effects, {});
}

void CatalogFacts::add_function(const ObjectName& name, const Effects& effects) {
  ++function_count_;
  add(functions_, key_of(name.schema, name.name), effects);
  add(functions_, key_of({}, name.name), effects);
}

void CatalogFacts::add_use(const ObjectName& name, const Effects& effects) {
  if (effects == Effects{}) return;
  add(uses_, key_of(name.schema, name.name), effects);
  add(uses_, key_of({}, name.name), effects);
}

void CatalogFacts::add_relation(const ObjectName& name, const Effects& effects) {
  ++relation_count_;
  has_sequences_ |= effects.reason == RouteReason::sequence_value;
  add(relations_, key_of(name.schema, name.name), effects);
  add(relations_, key_of({}, name.name), effects);
}

}  // namespace howdah
