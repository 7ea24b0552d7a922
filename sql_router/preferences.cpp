#include "sql_router/preferences.hpp"

#include <algorithm>

#include "sql_router/balancer.hpp"
#include "sql_router/router.hpp"

namespace howdah {

namespace {

using Target = RedirectPreference::Target;

const RedirectRule* first_match(const std::vector<RedirectRule>& rules, std::string_view name) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const RedirectRule& rule) { return rule.pattern.matches(name); });
  return found == rules.end() ? nullptr : &*found;
}

bool is_target(const ClusterView& view, const RedirectRule& rule, const NodeView& node) {
  switch (rule.target) {
    case Target::primary: return view.primary == node.id;
    case Target::standby: return view.primary != node.id;
    case Target::node: return rule.node == node.id;
  }
  return false;
}

}  // namespace

const RedirectRule* find_preference(const SessionFacts& facts, const RoutingOptions& options) {
  if (const auto* rule = first_match(options.app_name_redirect_preference_list, facts.application_name)) return rule;
  if (const auto* rule = first_match(options.database_redirect_preference_list, facts.database)) return rule;
  return first_match(options.user_redirect_preference_list, facts.user);
}

const NodeView* draw_preferred(const ClusterView& view, const RedirectRule& rule, Rng& rng) {
  const auto can = [&](const NodeView& node) { return may_read(view, node); };
  const auto wanted = [&](const NodeView& node) { return can(node) && is_target(view, rule, node); };
  const auto others = [&](const NodeView& node) { return can(node) && !is_target(view, rule, node); };
  // A preferred node that cannot be used is no preference.
  if (std::none_of(view.nodes.begin(), view.nodes.end(), wanted)) return draw(view, rng, can);
  if (rng.chance(rule.weight)) return draw(view, rng, wanted);
  // Not followed: the others. For "standby" that is the primary.
  if (const NodeView* node = draw(view, rng, others)) return node;
  return draw(view, rng, can);
}

}  // namespace howdah
