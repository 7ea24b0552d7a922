#include "sql_router/routing_options.hpp"

#include <fmt/format.h>

#include <utility>

namespace howdah {

namespace {

void free_regex(const regex_t* compiled) {
  auto* owned = const_cast<regex_t*>(compiled);
  regfree(owned);
  delete owned;
}

Result<std::vector<Pattern>> patterns_of(const StringList& texts) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    auto pattern = Pattern::compile(text);
    if (pattern.has_error()) return pattern.error();
    patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

Result<std::vector<RedirectRule>> redirects_of(const StringList& items) {
  std::vector<RedirectRule> rules;
  for (const std::string& item : items) {
    const auto preference = parse_redirect(item);
    if (preference.has_error()) return preference.error();
    auto pattern = Pattern::compile(preference->pattern);
    if (pattern.has_error()) return pattern.error();
    rules.push_back({std::move(*pattern), preference->target, preference->node, preference->weight});
  }
  return rules;
}

}  // namespace

Pattern::Pattern(std::string text, std::shared_ptr<const regex_t> compiled)
    : text_(std::move(text)), compiled_(std::move(compiled)) {}

Result<Pattern> Pattern::compile(std::string_view text) {
  auto compiled = std::make_unique<regex_t>();
  const std::string anchored = fmt::format("^({})$", text);
  const int status = regcomp(compiled.get(), anchored.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (status != 0) {
    char why[128];
    regerror(status, compiled.get(), why, sizeof why);
    return Error{ErrorCode::configuration, fmt::format("\"{}\" is not a regular expression", text), why};
  }
  return Pattern(std::string(text), std::shared_ptr<const regex_t>(compiled.release(), free_regex));
}

bool Pattern::matches(std::string_view candidate) const {
  regmatch_t range[1];
  range[0].rm_so = 0;
  range[0].rm_eo = static_cast<regoff_t>(candidate.size());
  return regexec(compiled_.get(), candidate.data(), 1, range, REG_STARTEND) == 0;
}

Result<RoutingOptions> routing_options_of(const Settings& settings) {
  const RoutingSettings& routing = settings.routing;
  const ReplicationSettings& replication = settings.replication;
  auto read_only_functions = patterns_of(routing.read_only_function_list());
  auto write_functions = patterns_of(routing.write_function_list());
  auto primary_patterns = patterns_of(routing.primary_routing_query_pattern_list());
  for (const auto* list : {&read_only_functions, &write_functions, &primary_patterns})
    if (list->has_error()) return list->error();
  auto by_user = redirects_of(routing.user_redirect_preference_list());
  auto by_database = redirects_of(routing.database_redirect_preference_list());
  auto by_application = redirects_of(routing.app_name_redirect_preference_list());
  for (const auto* list : {&by_user, &by_database, &by_application})
    if (list->has_error()) return list->error();

  auto relationships = relationships_of(routing.dml_adaptive_object_relationship_list());
  if (relationships.has_error()) return relationships.error();

  return RoutingOptions{
      .load_balance_mode = routing.load_balance_mode(),
      .statement_level_load_balance = routing.statement_level_load_balance(),
      .read_only_function_list = std::move(*read_only_functions),
      .write_function_list = std::move(*write_functions),
      .primary_routing_query_pattern_list = std::move(*primary_patterns),
      .user_redirect_preference_list = std::move(*by_user),
      .database_redirect_preference_list = std::move(*by_database),
      .app_name_redirect_preference_list = std::move(*by_application),
      .allow_sql_comments = routing.allow_sql_comments(),
      .disable_load_balance_on_write = routing.disable_load_balance_on_write(),
      .dml_adaptive_object_relationship_list = std::move(*relationships),
      .load_balance_transactions = settings.howdah.load_balance_transactions(),
      .delay_threshold = static_cast<std::uint64_t>(replication.delay_threshold().bytes),
      .delay_threshold_by_time = replication.delay_threshold_by_time(),
      .prefer_lower_delay_standby = replication.prefer_lower_delay_standby(),
      .max_parse_size = static_cast<std::size_t>(settings.howdah.max_parse_size().bytes),
      .read_consistency = settings.howdah.read_consistency(),
  };
}

}  // namespace howdah
