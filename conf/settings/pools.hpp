// What single databases and users have of their own, as PgBouncer's [databases] and [users] say it: one block for each.
// What is not set counts as for all; a user's setting goes before a database's. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

inline constexpr std::string_view kEveryOther = "*";  // as a database's name

struct DatabaseSettings {
  int number = 0;
  Param<std::string> database_name{"database_name", "", Change::reload,
                                   "A database with settings of its own; * = every database that has none."};
  Param<std::string> database_dbname{"database_dbname", "", Change::reload,
                                     "What it is called on the servers; empty = the same."};
  Param<std::string> database_user{"database_user", "", Change::reload,
                                   "Who logs in to the servers for all its clients; empty = each client itself."};
  Param<std::string> database_password{"database_password", "", Change::reload,
                                       "The password of that user; empty = as pool_passwd lists it.", kSecret};
  Param<std::string> database_options{
      "database_options", "", Change::reload,
      "Settings its clients begin with, as in PGOPTIONS: \"-c name=value -c ...\"; a client's own go before them."};
  Param<std::string> database_connect_query{
      "database_connect_query", "", Change::reload,
      "SQL to run on each new server connection to it; an error is logged and passed over."};
  Param<std::string> database_auth_user{"database_auth_user", "", Change::reload,
                                        "auth_user for who asks for this database."};
  Param<std::string> database_auth_query{"database_auth_query", "", Change::reload,
                                         "auth_query for who asks for this database."};
  Param<std::string> database_auth_dbname{"database_auth_dbname", "", Change::reload,
                                          "auth_dbname for who asks for this database."};
  Param<PoolMode> database_pool_mode{"database_pool_mode", PoolMode::transaction, Change::reload,
                                     "pool_mode of its clients, from their next login on."};
  Param<int> database_pool_size{"database_pool_size", 20, Change::reload, "default_pool_size of its pools."};
  Param<int> database_min_pool_size{"database_min_pool_size", 0, Change::reload, "min_pool_size of its pools."};
  Param<int> database_reserve_pool_size{"database_reserve_pool_size", 0, Change::reload,
                                        "reserve_pool_size of its pools."};
  Param<int> database_max_connections{"database_max_connections", 0, Change::reload,
                                      "max_db_connections of this database."};
  Param<int> database_max_client_connections{"database_max_client_connections", 0, Change::reload,
                                             "max_db_client_connections of this database."};
  Param<milliseconds> database_server_lifetime{"database_server_lifetime", 1h, Change::reload,
                                               "server_lifetime of its server connections.", Bare{Unit::s}};
  Param<milliseconds> database_query_wait_timeout{"database_query_wait_timeout", 2min, Change::reload,
                                                  "query_wait_timeout of its clients.", Bare{Unit::s}};
};

struct UserSettings {
  int number = 0;
  Param<std::string> user_name{"user_name", "", Change::reload,
                               "A user with settings of its own; they go before those of the database."};
  Param<PoolMode> user_pool_mode{"user_pool_mode", PoolMode::transaction, Change::reload,
                                 "pool_mode of this user, from its next login on."};
  Param<int> user_pool_size{"user_pool_size", 20, Change::reload, "default_pool_size of its pools."};
  Param<int> user_reserve_pool_size{"user_reserve_pool_size", 0, Change::reload, "reserve_pool_size of its pools."};
  Param<int> user_max_connections{"user_max_connections", 0, Change::reload, "max_user_connections of this user."};
  Param<int> user_max_client_connections{"user_max_client_connections", 0, Change::reload,
                                         "max_user_client_connections of this user."};
  Param<milliseconds> user_query_wait_timeout{"user_query_wait_timeout", 2min, Change::reload,
                                              "query_wait_timeout of this user.", Bare{Unit::s}};
  Param<milliseconds> user_query_timeout{"user_query_timeout", 0ms, Change::reload,
                                         "query_timeout of this user, from its next login on, as the following.",
                                         Bare{Unit::s}};
  Param<milliseconds> user_idle_transaction_timeout{"user_idle_transaction_timeout", 0ms, Change::reload,
                                                    "idle_transaction_timeout of this user.", Bare{Unit::s}};
  Param<milliseconds> user_transaction_timeout{"user_transaction_timeout", 0ms, Change::reload,
                                               "transaction_timeout of this user.", Bare{Unit::s}};
  Param<seconds> user_client_idle_limit{"user_client_idle_limit", 0s, Change::reload,
                                        "client_idle_limit of this user."};
};

}  // namespace howdah
