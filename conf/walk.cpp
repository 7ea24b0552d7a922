#include "conf/walk.hpp"

#include <boost/pfr.hpp>

#include <string>
#include <type_traits>

namespace howdah {

namespace {

template <typename Row, typename Visit>
void visit_rows(Row& row, const Visit& visit) {
  boost::pfr::for_each_field(row, [&visit](auto& field) {
    if constexpr (std::is_base_of_v<ParamBase, std::remove_cvref_t<decltype(field)>>) visit(field);
  });
}

template <typename Rows, typename Visit>
void visit_family(Rows& rows, const Visit& visit) {
  for (auto& row : rows) visit_rows(row, visit);
}

// The binding names every member of Settings: a new group does not compile until it is visited here.
template <typename AnySettings, typename Visit>
void visit_settings(AnySettings& settings, const Visit& visit) {
  auto& [clustering, listen, auth, tls, pool, log, files, routing, replication, health, failover, recovery, watchdog,
         cache, relcache, native, howdah, peers, agent, nodes, databases, users, members, heartbeats, path] = settings;
  const auto in = [&visit](std::string_view group) { return [&visit, group](auto& param) { visit(group, param); }; };
  visit_rows(clustering, in("clustering"));
  visit_rows(listen, in("listen"));
  visit_rows(auth, in("auth"));
  visit_rows(tls, in("tls"));
  visit_rows(pool, in("pool"));
  visit_rows(log, in("log"));
  visit_rows(files, in("files"));
  visit_rows(routing, in("routing"));
  visit_rows(replication, in("replication"));
  visit_rows(health, in("health"));
  visit_rows(failover, in("failover"));
  visit_rows(recovery, in("recovery"));
  visit_rows(watchdog, in("watchdog"));
  visit_rows(cache, in("cache"));
  visit_rows(relcache, in("relcache"));
  visit_rows(native, in("native"));
  visit_rows(howdah, in("howdah"));
  visit_rows(peers, in("peers"));
  visit_rows(agent, in("agent"));
  visit_family(nodes, in("nodes"));
  visit_family(databases, in("databases"));
  visit_family(users, in("users"));
  visit_family(members, in("members"));
  visit_family(heartbeats, in("heartbeats"));
  static_cast<void>(path);
}

template <typename Base, typename AnySettings>
Base* find_by_name(AnySettings& settings, std::string_view name) {
  Base* found = nullptr;
  visit_settings(settings, [&](std::string_view, Base& param) {
    if (param.number() < 0 ? param.family() == name : param.name() == name) found = &param;
  });
  return found;
}

}  // namespace

void for_each_param(Settings& settings, const ParamVisitor& visit) {
  visit_settings(settings, [&visit](std::string_view, ParamBase& param) { visit(param); });
}

void for_each_param(const Settings& settings, const ConstParamVisitor& visit) {
  visit_settings(settings, [&visit](std::string_view, const ParamBase& param) { visit(param); });
}

void for_each_param_in_group(const Settings& settings, const GroupedVisitor& visit) { visit_settings(settings, visit); }

void for_each_param(NodeSettings& node, const ParamVisitor& visit) { visit_rows(node, visit); }
void for_each_param(DatabaseSettings& database, const ParamVisitor& visit) { visit_rows(database, visit); }
void for_each_param(UserSettings& user, const ParamVisitor& visit) { visit_rows(user, visit); }
void for_each_param(WatchdogMember& member, const ParamVisitor& visit) { visit_rows(member, visit); }
void for_each_param(Heartbeat& heartbeat, const ParamVisitor& visit) { visit_rows(heartbeat, visit); }

const ParamBase* find_param(const Settings& settings, std::string_view name) {
  return find_by_name<const ParamBase>(settings, name);
}

ParamBase* find_param(Settings& settings, std::string_view name) { return find_by_name<ParamBase>(settings, name); }

}  // namespace howdah
