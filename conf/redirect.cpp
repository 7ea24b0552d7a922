#include "conf/redirect.hpp"

#include "conf/words.hpp"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace howdah {

using namespace conf;

namespace {

template <typename Number>
std::optional<Number> whole_text_as(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<RedirectPreference> parse_redirect(std::string_view item) {
  const auto bad = [item](std::string_view what) {
    return Error{ErrorCode::configuration, fmt::format("\"{}\": {}", shown(item), what)};
  };
  const auto colon = item.rfind(':');
  if (colon == std::string_view::npos || trimmed(item.substr(0, colon)).empty())
    return bad("pattern:node or pattern:node(weight) is expected");
  RedirectPreference preference;
  preference.pattern = trimmed(item.substr(0, colon));
  std::string_view node = trimmed(item.substr(colon + 1));
  if (const auto open = node.find('('); open != std::string_view::npos) {
    if (!node.ends_with(')')) return bad("the weight has no closing parenthesis");
    const auto weight = whole_text_as<double>(trimmed(node.substr(open + 1, node.size() - open - 2)));
    if (!weight || !(*weight >= 0 && *weight <= 1)) return bad("the weight is a number from 0 to 1");
    preference.weight = *weight;
    node = trimmed(node.substr(0, open));
  }
  if (lower_case(node) == "primary") return preference;
  if (lower_case(node) == "standby") {
    preference.target = RedirectPreference::Target::standby;
    return preference;
  }
  const auto number = whole_text_as<std::int32_t>(node);
  if (!number || *number < 0) return bad("the node is primary, standby or a number");
  preference.target = RedirectPreference::Target::node;
  preference.node = NodeId{*number};
  return preference;
}

}  // namespace howdah
