// `howdah route`: where statements go, asked without a gateway. One statement, a log of them, or the table of all kinds.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "gateway/verbs.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/decision_table.hpp"
#include "sql_router/explain.hpp"
#include "sql_router/offload.hpp"
#include "sql_router/statement_log.hpp"

namespace howdah {

namespace {

// A cluster as the configuration describes it, all of it up: the first node is the primary.
ClusterView assumed_view(const Settings& settings) {
  ClusterView view;
  for (const NodeSettings& configured : settings.nodes) {
    NodeView& node = view.nodes.emplace_back();
    node.id = configured.id;
    node.host = configured.backend_hostname();
    node.port = static_cast<std::uint16_t>(configured.backend_port());
    node.weight = configured.backend_weight();
    node.state = NodeState::up;
    node.role = view.primary ? Role::standby : Role::primary;
    node.lag_bytes = 0;
    if (!view.primary) view.primary = node.id;
  }
  return view;
}

// Without a configuration, one primary and one standby make the answer plain.
Settings assumed_settings(const CommandLine& line) {
  Settings settings;
  if (!line.config_file.empty()) settings = read_configuration(file_paths(line)).loaded.settings;
  if (settings.nodes.empty())
    for (int id = 0; id < 2; ++id) add_node(settings, NodeId{id}).backend_hostname.set("example");
  return settings;
}

void explain_one(const std::string& sql, const RoutingOptions& options, const ClusterView& view) {
  const Traits traits = classify(sql, options);
  Rng rng(0);
  const SessionFacts facts;
  const Decision decision = decide(traits, facts, view, options, rng);
  for (const ExplainRow& row : explain_route(traits, decision, facts, view, options))
    fmt::print("{:<22} {}\n", row.column, row.text);
  fmt::print("{:<22} no server is asked: own functions are unknown, relations are taken for tables\n", "catalog");
}

// What the primary's own share of reads hides: a log is judged as if reads were never drawn to the primary.
ExitCode judge_log(const std::string& path, std::shared_ptr<const RoutingOptions> options, ClusterView view) {
  for (NodeView& node : view.nodes)
    if (view.primary == node.id && view.nodes.size() > 1) node.weight = 0;
  std::ifstream file(path);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) {
    fmt::print(stderr, "could not read \"{}\"\n", path);
    return ExitCode::usage;
  }
  OffloadReport report(std::move(options), view);
  StatementLogReader reader([&](std::string_view session, std::string_view sql) { report.add(session, sql); });
  for (std::string line; std::getline(in, line);) reader.line(line);
  reader.finish();
  fmt::print("{}", report.text());
  return ExitCode::ok;
}

}  // namespace

ExitCode run_route(const CommandLine& line) {
  if (line.prints_table) {
    fmt::print("{}", decision_table());
    return ExitCode::ok;
  }
  const Settings settings = assumed_settings(line);
  auto options = routing_options_of(settings);
  if (!options) {
    fmt::print(stderr, "{}\n", to_text(options.error()));
    return ExitCode::fatal;
  }
  auto shared = std::make_shared<const RoutingOptions>(std::move(*options));
  if (!line.statement_log.empty()) return judge_log(line.statement_log, std::move(shared), assumed_view(settings));
  explain_one(line.sql, *shared, assumed_view(settings));
  return ExitCode::ok;
}

}  // namespace howdah
