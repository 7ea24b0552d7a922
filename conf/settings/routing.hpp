// Parameters about which server gets a statement, and what the servers' replication tells. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {


struct RoutingSettings {
  Param<bool> load_balance_mode{"load_balance_mode", true, Change::session, "Send reads to standbys."};
  Param<bool> ignore_leading_white_space{"ignore_leading_white_space", true, Change::reload,
                                         "Skip white space before the first word when classifying.",
                                         harmless("statements are parsed, white space never matters")};
  Param<StringList> read_only_function_list{
      "read_only_function_list",
      {},
      Change::reload,
      "Functions (regular expressions) taken as reading. Not empty: all others go to the primary.",
      kPatterns};
  Param<StringList> write_function_list{
      "write_function_list", {}, Change::reload, "Functions (regular expressions) that go to the primary.", kPatterns};
  Param<StringList> primary_routing_query_pattern_list{
      "primary_routing_query_pattern_list",
      {},
      Change::reload,
      "Statements (regular expressions, separated by ;) that go to the primary.",
      Separator{';'},
      kPatterns};
  Param<StringList> user_redirect_preference_list{"user_redirect_preference_list",
                                                  {},
                                                  Change::reload,
                                                  "user:node(weight) preferences; node = primary, standby, a number."};
  Param<StringList> database_redirect_preference_list{"database_redirect_preference_list",
                                                      {},
                                                      Change::reload,
                                                      "database:node(weight) preferences."};
  Param<StringList> app_name_redirect_preference_list{
      "app_name_redirect_preference_list",
      {},
      Change::reload,
      "application_name:node(weight) preferences; the name given at login counts."};
  Param<bool> allow_sql_comments{
      "allow_sql_comments", false, Change::session,
      "off: a leading comment /*NO LOAD BALANCE*/ sends a statement to the primary; other comments never matter."};
  Param<WriteEffect> disable_load_balance_on_write{
      "disable_load_balance_on_write", WriteEffect::transaction, Change::session,
      "What becomes of reads after a write: off, transaction, trans_transaction, always, dml_adaptive. Within a "
      "transaction they stay with it in any case."};
  Param<StringList> dml_adaptive_object_relationship_list{
      "dml_adaptive_object_relationship_list",
      {},
      Change::reload,
      "object:dependent pairs for dml_adaptive; a write of the first counts as a write of the second."};
  Param<bool> statement_level_load_balance{"statement_level_load_balance", false, Change::session,
                                           "Choose a node for each read, not once per session."};
};

struct ReplicationSettings {
  Param<seconds> sr_check_period{"sr_check_period", 1s, Change::reload,
                                 "Interval at which roles and delays are looked at; 0 = off."};
  Param<std::string> sr_check_user{"sr_check_user", "", Change::restart, "User for that, and for finding the primary."};
  Param<std::string> sr_check_password{"sr_check_password", "", Change::restart,
                                       "Its password (TEXT, AES, md5 prefixes); empty = look in pool_passwd.", kSecret};
  Param<std::string> sr_check_database{"sr_check_database", "postgres", Change::restart, "Its database."};
  Param<ByteSize> delay_threshold{"delay_threshold", ByteSize{0}, Change::session,
                                  "A standby lagging more gets no reads; 0 = off."};
  Param<milliseconds> delay_threshold_by_time{"delay_threshold_by_time", 0ms, Change::session,
                                              "The same in time; counts instead of delay_threshold when set."};
  Param<bool> prefer_lower_delay_standby{
      "prefer_lower_delay_standby", false, Change::session,
      "When the chosen standby lags, take the least delayed standby instead of the primary."};
};

struct RelcacheSettings {
  Param<seconds> relcache_expire{"relcache_expire", 0s, Change::restart,
                                 "Lifetime of what was asked of the catalogs; 0 = until told otherwise.",
                                 harmless("nothing that could go stale is kept of the catalogs")};
  Param<int> relcache_size{"relcache_size", 256, Change::restart, "Answers kept per kind.",
                           harmless("the cache is bounded in bytes")};
  Param<bool> enable_shared_relcache{"enable_shared_relcache", true, Change::restart, "Share answers.",
                                     harmless("answers are always shared")};
  Param<RelcacheTarget> relcache_query_target{"relcache_query_target", RelcacheTarget::primary, Change::reload,
                                              "Who is asked.", harmless("the primary is asked")};
  Param<TempTableCheck> check_temp_table{
      "check_temp_table", TempTableCheck::catalog, Change::reload, "How temporary tables are recognised.",
      harmless("a session that makes temporary tables stays on the server that has them")};
  Param<bool> check_unlogged_table{"check_unlogged_table", true, Change::session,
                                   "Send reads of unlogged tables to the primary.",
                                   harmless("a standby refuses such a read, which is then run on the primary")};
};

}  // namespace howdah
