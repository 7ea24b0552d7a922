// What running something does to routing and to the session, whoever asked for it: a function, a view, a text. Effects
// add up: what a statement does is what all it names does. Pure values.
#pragma once

#include <string>
#include <string_view>

#include "sql_router/traits.hpp"

namespace howdah {

struct Effects {
  RouteReason reason = RouteReason::read;  // read: a replica may run it; else the first reason against
  std::string because = {};                // what stands behind the reason: "audit > nextval"
  bool may_write = false;
  bool reads_sequences = false;
  bool reads_transaction_time = false;
  CatalogChange catalog_change = CatalogChange::none;
  PinReasons pins = {};

  bool operator==(const Effects&) const = default;

  // Takes over what `inner` does, done through `name` (empty: directly). False if nothing changed.
  bool add(const Effects& inner, std::string_view name);
};

// Nothing is known about it.
Effects unknown_effects(RouteReason reason);

// A function or relation as written: the schema is empty if it is not qualified. Lower case unless quoted.
struct ObjectName {
  std::string schema = {};
  std::string name = {};
  auto operator<=>(const ObjectName&) const = default;
};
std::string to_text(const ObjectName& name);

struct NamedRelation {
  ObjectName name;
  bool is_certain = true;  // false: it may as well be a common table expression, a variable or a column
  auto operator<=>(const NamedRelation&) const = default;
};

}  // namespace howdah
