// SHOW DATABASES, POOLS, USERS, LISTS. Howdah's pools are per node; PgBouncer's are not, so the nodes of one (database,
// user) are summed, and a database's host is the primary's.
#include "pcp/console/config_names.hpp"
#include "pcp/console/console_reports.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

namespace howdah::pcp {

namespace {

Cell zero(const auto&) { return "0"; }
Cell null(const auto&) { return std::nullopt; }

std::string pool_mode(const Settings& settings, const PoolName& pool) {
  return settings.pool_in_force(pool.first, pool.second).pool_mode.text(TextStyle::show);
}

// ---- databases

struct DatabaseRow {
  std::string name;
  const ConsoleFacts* facts;
  PoolSum sum;

  bool is_console() const { return name == kConsoleName; }
  const NodeView* primary() const { return is_console() ? nullptr : facts->facts.view->primary_node(); }
  DatabaseOrders orders() const { return is_console() ? DatabaseOrders{} : facts->orders.of(name); }
  PoolInForce pool() const { return facts->settings().pool_in_force(name, {}); }
  const DatabaseSettings* own() const { return is_console() ? nullptr : facts->settings().find_database(name); }
};

Cell host(const DatabaseRow& row) {
  const NodeView* node = row.primary();
  return node == nullptr || node->host.starts_with('/') ? Cell{} : Cell{node->host};
}
Cell force_user(const DatabaseRow& row) {
  if (row.is_console()) return Cell{kConsoleName};
  return row.own() == nullptr || row.own()->database_user().empty() ? Cell{} : Cell{row.own()->database_user()};
}
Cell mode(const DatabaseRow& row) {
  if (row.is_console()) return "statement";
  if (row.own() == nullptr || !row.own()->database_pool_mode.is_set()) return {};
  return row.own()->database_pool_mode.text(TextStyle::show);
}
int port(const DatabaseRow& row) {
  if (row.is_console()) return row.facts->settings().listen.port();
  return row.primary() == nullptr ? 0 : row.primary()->port;
}
// A limit of ours; the console's own pool has PgBouncer's numbers.
Cell limit(const DatabaseRow& row, int ours, int of_console = 0) { return number(row.is_console() ? of_console : ours); }

constexpr std::array kDatabaseColumns{
    ConsoleColumn<DatabaseRow>{"name", kText, [](const DatabaseRow& r) { return Cell{r.name}; }},
    ConsoleColumn<DatabaseRow>{"host", kText, [](const DatabaseRow& r) { return host(r); }},
    ConsoleColumn<DatabaseRow>{"port", kInt, [](const DatabaseRow& r) { return number(port(r)); }},
    ConsoleColumn<DatabaseRow>{"database", kText,
                               [](const DatabaseRow& r) { return r.is_console() ? Cell{r.name} : Cell{r.facts->settings().server_database(r.name)}; }},
    ConsoleColumn<DatabaseRow>{"force_user", kText, [](const DatabaseRow& r) { return force_user(r); }},
    ConsoleColumn<DatabaseRow>{"pool_size", kInt,
                               [](const DatabaseRow& r) { return limit(r, r.pool().pool_size(), 2); }},
    ConsoleColumn<DatabaseRow>{"min_pool_size", kInt,
                               [](const DatabaseRow& r) { return limit(r, r.pool().min_pool_size()); }},
    ConsoleColumn<DatabaseRow>{"reserve_pool_size", kInt,
                               [](const DatabaseRow& r) { return limit(r, r.pool().reserve_pool_size()); }, Since::ever,
                               "reserve_pool"},
    ConsoleColumn<DatabaseRow>{
        "server_lifetime", kInt,
        [](const DatabaseRow& r) {
          return number(std::chrono::duration_cast<seconds>(r.pool().server_lifetime()).count());
        },
        kNew},
    ConsoleColumn<DatabaseRow>{"pool_mode", kText, [](const DatabaseRow& r) { return mode(r); }},
    ConsoleColumn<DatabaseRow>{"load_balance_hosts", kText, &null<DatabaseRow>, kNew},
    ConsoleColumn<DatabaseRow>{"max_connections", kInt,
                               [](const DatabaseRow& r) { return limit(r, r.pool().max_db_connections()); }},
    ConsoleColumn<DatabaseRow>{"current_connections", kInt, [](const DatabaseRow& r) { return number(r.sum.servers()); }},
    ConsoleColumn<DatabaseRow>{"max_client_connections", kInt,
                               [](const DatabaseRow& r) { return limit(r, r.pool().max_db_client_connections()); }, kNew},
    ConsoleColumn<DatabaseRow>{"current_client_connections", kInt,
                               [](const DatabaseRow& r) { return number(r.sum.all_clients()); }, kNew},
    ConsoleColumn<DatabaseRow>{"paused", kInt, [](const DatabaseRow& r) { return number(r.orders().is_paused ? 1 : 0); }},
    ConsoleColumn<DatabaseRow>{"disabled", kInt,
                               [](const DatabaseRow& r) { return number(r.orders().is_disabled ? 1 : 0); }},
};

// ---- pools

struct ConsolePoolRow {
  PoolName name;
  PoolSum sum;
  std::string mode;
};

std::int64_t wait_in_us(const ConsolePoolRow& row) {
  return std::chrono::duration_cast<microseconds>(row.sum.longest_wait).count();
}

constexpr std::array kConsolePoolColumns{
    ConsoleColumn<ConsolePoolRow>{"database", kText, [](const ConsolePoolRow& r) { return Cell{r.name.first}; }},
    ConsoleColumn<ConsolePoolRow>{"user", kText, [](const ConsolePoolRow& r) { return Cell{r.name.second}; }},
    ConsoleColumn<ConsolePoolRow>{"cl_active", kInt, [](const ConsolePoolRow& r) { return number(r.sum.clients); }},
    ConsoleColumn<ConsolePoolRow>{"cl_waiting", kInt, [](const ConsolePoolRow& r) { return number(r.sum.waiting); }},
    ConsoleColumn<ConsolePoolRow>{"cl_active_cancel_req", kInt, &zero<ConsolePoolRow>},
    ConsoleColumn<ConsolePoolRow>{"cl_waiting_cancel_req", kInt, &zero<ConsolePoolRow>},
    ConsoleColumn<ConsolePoolRow>{"sv_active", kInt, [](const ConsolePoolRow& r) { return number(r.sum.active); }},
    ConsoleColumn<ConsolePoolRow>{"sv_active_cancel", kInt, &zero<ConsolePoolRow>},
    ConsoleColumn<ConsolePoolRow>{"sv_being_canceled", kInt, [](const ConsolePoolRow& r) { return number(r.sum.canceled); }},
    ConsoleColumn<ConsolePoolRow>{"sv_idle", kInt, [](const ConsolePoolRow& r) { return number(r.sum.idle); }},
    ConsoleColumn<ConsolePoolRow>{"sv_used", kInt, &zero<ConsolePoolRow>},
    ConsoleColumn<ConsolePoolRow>{"sv_tested", kInt, [](const ConsolePoolRow& r) { return number(r.sum.tested); }},
    ConsoleColumn<ConsolePoolRow>{"sv_login", kInt, [](const ConsolePoolRow& r) { return number(r.sum.connecting); }},
    ConsoleColumn<ConsolePoolRow>{"maxwait", kInt, [](const ConsolePoolRow& r) { return number(wait_in_us(r) / kSecond); }},
    ConsoleColumn<ConsolePoolRow>{"maxwait_us", kInt, [](const ConsolePoolRow& r) { return number(wait_in_us(r) % kSecond); }},
    ConsoleColumn<ConsolePoolRow>{"pool_mode", kText, [](const ConsolePoolRow& r) { return Cell{r.mode}; }},
    ConsoleColumn<ConsolePoolRow>{"load_balance_hosts", kText, &null<ConsolePoolRow>, kNew},
};

// ---- users

struct UserRow {
  std::string name;
  PoolSum sum;
  const Settings* settings;

  bool is_console() const { return name == kConsoleName; }
  PoolInForce pool() const { return settings->pool_in_force({}, name); }
  const UserSettings* own() const { return is_console() ? nullptr : settings->find_user(name); }
};

// Right-aligned in nine places, or an empty text, as PgBouncer writes what a user has of its own.
Cell own_size(const UserRow& row, Param<int> UserSettings::*size) {
  if (row.own() == nullptr || !(row.own()->*size).is_set()) return "";
  return fmt::format("{:>9}", (row.own()->*size)());
}
Cell mode(const UserRow& row) {
  if (row.own() == nullptr || !row.own()->user_pool_mode.is_set()) return {};
  return row.own()->user_pool_mode.text(TextStyle::show);
}
Cell limit(const UserRow& row, int ours) { return number(row.is_console() ? 0 : ours); }

// A time of its own in seconds.
template <auto time>
Cell own_time(const UserRow& row) {
  if (row.own() == nullptr || !(row.own()->*time).is_set()) return {};
  return console_value(row.own()->*time);
}

constexpr std::array kUserColumns{
    ConsoleColumn<UserRow>{"name", kText, [](const UserRow& r) { return Cell{r.name}; }},
    ConsoleColumn<UserRow>{"pool_size", kText,
                           [](const UserRow& r) { return own_size(r, &UserSettings::user_pool_size); }, kNew},
    ConsoleColumn<UserRow>{"reserve_pool_size", kText,
                           [](const UserRow& r) { return own_size(r, &UserSettings::user_reserve_pool_size); }, kNew},
    ConsoleColumn<UserRow>{"pool_mode", kText, [](const UserRow& r) { return mode(r); }},
    ConsoleColumn<UserRow>{"max_user_connections", kInt,
                           [](const UserRow& r) { return limit(r, r.pool().max_user_connections()); }, kNew},
    ConsoleColumn<UserRow>{"current_connections", kInt, [](const UserRow& r) { return number(r.sum.servers()); }, kNew},
    ConsoleColumn<UserRow>{"max_user_client_connections", kInt,
                           [](const UserRow& r) { return limit(r, r.pool().max_user_client_connections()); }, kNew},
    ConsoleColumn<UserRow>{"current_client_connections", kInt,
                           [](const UserRow& r) { return number(r.sum.all_clients()); }, kNew},
    // Ours; PgBouncer shows them nowhere.
    ConsoleColumn<UserRow>{"query_wait_timeout", CellType::numeric, &own_time<&UserSettings::user_query_wait_timeout>, kNew},
    ConsoleColumn<UserRow>{"query_timeout", CellType::numeric, &own_time<&UserSettings::user_query_timeout>, kNew},
    ConsoleColumn<UserRow>{"idle_transaction_timeout", CellType::numeric, &own_time<&UserSettings::user_idle_transaction_timeout>, kNew},
    ConsoleColumn<UserRow>{"transaction_timeout", CellType::numeric, &own_time<&UserSettings::user_transaction_timeout>, kNew},
    ConsoleColumn<UserRow>{"client_idle_timeout", CellType::numeric, &own_time<&UserSettings::user_client_idle_limit>, kNew},
};

std::vector<UserRow> user_rows(const ConsoleFacts& facts) {
  std::map<std::string, PoolSum> sums;
  for (const auto& [name, sum] : sum_pools(facts.facts.stats)) sums[name.second].add(sum);
  std::vector<UserRow> rows;
  for (const UserSettings& user : facts.settings().users) sums[user.user_name()];
  for (const auto& [name, sum] : sums) rows.push_back({name, sum, &facts.settings()});
  return rows;
}

// ---- lists

struct ListRow {
  std::string_view name;
  std::size_t items;
};

constexpr std::array kListColumns{
    ConsoleColumn<ListRow>{"list", kText, [](const ListRow& r) { return Cell{r.name}; }},
    ConsoleColumn<ListRow>{"items", kInt, [](const ListRow& r) { return number(r.items); }},
};

}  // namespace

ConsoleAnswer show_databases(const ConsoleFacts& facts) {
  std::vector<DatabaseRow> rows;
  for (const auto& [name, sum] : sum_databases(facts)) rows.push_back({name, &facts, sum});
  return tabulate<DatabaseRow>(kDatabaseColumns, rows, facts.version());
}

ConsoleAnswer show_pools(const ConsoleFacts& facts) {
  std::vector<ConsolePoolRow> rows;
  for (const auto& [name, sum] : sum_pools(facts.facts.stats))
    rows.push_back({name, sum, name.first == kConsoleName ? "statement" : pool_mode(facts.settings(), name)});
  return tabulate<ConsolePoolRow>(kConsolePoolColumns, rows, facts.version());
}

ConsoleAnswer show_users(const ConsoleFacts& facts) {
  return tabulate<UserRow>(kUserColumns, user_rows(facts), facts.version());
}

// "free" counts what PgBouncer keeps allocated for later, of which there is nothing here.
ConsoleAnswer show_lists(const ConsoleFacts& facts) {
  const auto pools = sum_pools(facts.facts.stats);
  PoolSum all;
  for (const auto& [name, sum] : pools) all.add(sum);
  std::size_t logging_in = 0;
  for (const WorkerStats& worker : facts.facts.stats.workers)
    for (const ClientStats& client : worker.clients) logging_in += client.is_logged_in ? 0 : 1;
  std::vector<ListRow> rows{{"databases", sum_databases(facts).size()}, {"users", user_rows(facts).size()}};
  const bool is_new = facts.version() != PgbouncerCompatibility::v1_18;
  if (is_new) rows.push_back({"peers", 0});
  rows.push_back({"pools", pools.size()});
  if (is_new) rows.push_back({"peer_pools", 0});
  rows.insert(rows.end(), {{"free_clients", 0},
                           {"used_clients", all.all_clients()},
                           {"login_clients", logging_in},
                           {"free_servers", 0},
                           {"used_servers", all.servers()},
                           {"dns_names", 0},
                           {"dns_zones", 0},
                           {"dns_queries", 0},
                           {"dns_pending", 0}});
  return tabulate<ListRow>(kListColumns, rows, facts.version());
}

}  // namespace howdah::pcp
