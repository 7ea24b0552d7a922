// A gateway for tests: three nodes as in the captures of tests/scripts/pcp/dumps.txt, two workers, and a list of the
// orders it was given. Orders succeed unless `refusal` is set.
#pragma once

#include "conf/walk.hpp"
#include "pcp/control_surface.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace howdah::pcp {

inline constexpr WallTime kStart{seconds(1795234125)};  // 2026-11-21 04:08:45 UTC

class FakeSurface final : public ControlSurface {
 public:
  FakeSurface() {
    for (int i = 0; i < 3; ++i) {
      NodeSettings& settings = add_node(configuration, NodeId{i});
      settings.backend_hostname.set("127.0.0.1");
      settings.backend_port.set(15500 + i);
      NodeView node{.id = {i}, .host = "127.0.0.1", .port = static_cast<std::uint16_t>(15500 + i), .weight = 1};
      node.state = NodeState::up;
      node.state_changed_at = kStart;
      node.role = node.probed_role = i == 0 ? Role::primary : Role::standby;
      node.answers = true;
      cluster.nodes.push_back(node);
    }
    cluster.primary = NodeId{0};
    gateway.workers = {{.index = 0, .thread_id = 6130, .started_at = kStart},
                       {.index = 1, .thread_id = 6131, .started_at = kStart}};
    health_stats = {.total = 1,
                    .succeeded = 1,
                    .longest = 26ms,
                    .shortest = 26ms,
                    .sum = 26ms,
                    .last_check = kStart - 2s,
                    .last_success = kStart - 2s};
  }

  void set(std::string_view name, std::string_view value) {
    ParamBase* param = find_param(configuration, name);
    if (param == nullptr || !param->assign(value)) throw std::runtime_error("no such setting");
  }

  ClusterViewPtr view() const override { return std::make_shared<const ClusterView>(cluster); }
  SettingsPtr settings() const override { return std::make_shared<const Settings>(configuration); }
  std::optional<health::HealthCheckStats> health_check_stats(NodeId) const override { return health_stats; }
  std::vector<failover::FailoverRecord> failovers() const override { return failovers_; }
  std::vector<failover::FailoverRecord> failovers_ = {};
  std::string version() const override { return "0.1"; }
  void collect_stats(StatsWanted, StatsDone then) override { then(gateway); }

  void attach(NodeId node, Done then) override { order("attach " + std::to_string(node.value), std::move(then)); }
  void detach(NodeId node, Done then) override { order("detach " + std::to_string(node.value), std::move(then)); }
  void detach_gracefully(NodeId node, Duration, Done then) override {
    order("drain " + std::to_string(node.value), std::move(then));
  }
  void promote(NodeId node, Done then) override { order("promote " + std::to_string(node.value), std::move(then)); }
  void recover(NodeId node, Done then) override { order("recover " + std::to_string(node.value), std::move(then)); }
  bool is_recovering() const override { return recovers; }
  void reload(Done then) override { order("reload", std::move(then)); }
  void stop(StopMode mode, Done then) override {
    order("stop " + std::to_string(static_cast<int>(mode)), std::move(then));
  }
  void rotate_log(Done then) override { order("rotate", std::move(then)); }

  ClusterView cluster;
  Settings configuration;
  GatewayStats gateway;
  health::HealthCheckStats health_stats;
  std::optional<Error> refusal;
  bool recovers = false;
  bool answers_later = false;
  std::vector<Done> open;  // with answers_later: what is still to be answered
  std::vector<std::string> orders;

 private:
  void order(std::string text, Done then) {
    orders.push_back(std::move(text));
    if (answers_later) return open.push_back(std::move(then));
    then(refusal ? Result<void>(*refusal) : Result<void>());
  }
};

}  // namespace howdah::pcp
