// What the operator decided about routing. An immutable value: a reload makes a new one (and new parse caches, because
// the lists below are part of what a cache remembers).
#pragma once

#include <regex.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/instant.hpp"
#include "base/result.hpp"
#include "conf/enums.hpp"
#include "conf/redirect.hpp"
#include "conf/settings.hpp"
#include "sql_router/written_objects.hpp"

namespace howdah {

// A regular expression of the configuration. POSIX extended, letters in either case and the whole text, as Pgpool matches
// its lists; not std::regex, whose matcher recurses once per character and overflows the stack on long texts.
class Pattern {
 public:
  static Result<Pattern> compile(std::string_view text);
  bool matches(std::string_view candidate) const;  // safe from every thread
  const std::string& text() const { return text_; }

 private:
  Pattern(std::string text, std::shared_ptr<const regex_t> compiled);

  std::string text_;
  std::shared_ptr<const regex_t> compiled_;  // shared: options are copied, a regex_t cannot be
};

// An item of a *_redirect_preference_list: whom it is for, and which node their reads prefer.
struct RedirectRule {
  Pattern pattern;
  RedirectPreference::Target target = RedirectPreference::Target::primary;
  std::optional<NodeId> node = {};
  double weight = 1;  // probability of following the preference in a draw
};

struct RoutingOptions {
  bool load_balance_mode = true;
  bool statement_level_load_balance = false;
  std::vector<Pattern> read_only_function_list = {};
  std::vector<Pattern> write_function_list = {};
  std::vector<Pattern> primary_routing_query_pattern_list = {};
  std::vector<RedirectRule> user_redirect_preference_list = {};
  std::vector<RedirectRule> database_redirect_preference_list = {};
  std::vector<RedirectRule> app_name_redirect_preference_list = {};
  bool allow_sql_comments = false;  // off: a leading /*NO LOAD BALANCE*/ sends the statement to the primary
  WriteEffect disable_load_balance_on_write = WriteEffect::transaction;
  ObjectRelationships dml_adaptive_object_relationship_list = {};
  bool load_balance_transactions = false;
  std::uint64_t delay_threshold = 0;     // bytes; 0 = off; not looked at when delay_threshold_by_time is set
  Duration delay_threshold_by_time = {};  // 0 = off
  bool prefer_lower_delay_standby = false;
  std::size_t max_parse_size = 1024 * 1024;  // bytes; longer texts go to the primary unparsed
  ReadConsistency read_consistency = ReadConsistency::session;
};

// An error if a list holds what is no regular expression or no preference.
Result<RoutingOptions> routing_options_of(const Settings& settings);

}  // namespace howdah
