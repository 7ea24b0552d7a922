#include "pcp/metrics/exposition.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "catch2/catch.hpp"
#include "pcp/node_rows.hpp"
#include "tests/pcp/fake_surface.hpp"

namespace howdah::pcp {

namespace {

HttpAnswer asked(ControlSurface& surface, std::string_view path) {
  std::optional<HttpAnswer> got;
  answer_http(surface, path, [&](HttpAnswer answer) { got = std::move(answer); });
  REQUIRE(got);
  return *got;
}

bool has_line(const std::string& text, const std::string& line) { return ("\n" + text).find("\n" + line + "\n") != std::string::npos; }

}  // namespace

TEST_CASE("metrics have names and helps as Prometheus wants them") {
  std::set<std::string_view> names;
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  for (const auto metrics : {gateway_metrics(), pgpool_metrics()}) {
    for (const Metric& metric : metrics) {
      CAPTURE(metric.name);
      CHECK(names.insert(metric.name).second);
      CHECK(std::all_of(metric.name.begin(), metric.name.end(), is_plain));
      CHECK(metric.help.ends_with('.'));
      if (metric.name.starts_with("howdah_")) CHECK((metric.kind == MetricKind::counter) == metric.name.ends_with("_total"));
    }
  }
}

TEST_CASE("each column metric is a column of its report, with the labels of the exporter") {
  FakeSurface surface;
  for (const NodeColumnMetric& metric : node_column_metrics()) {
    CAPTURE(metric.report, metric.column);
    const Samples samples = collect(metric, facts_now(surface));
    REQUIRE(samples.values().size() == 3);
    const Labels& labels = samples.values().begin()->first;
    CHECK(labels == Labels{{"hostname", "127.0.0.1"}, {"port", "15500"}, {"role", "primary"}});
    const auto columns = metric.report == "pool_nodes" ? node_columns() : metric.report == "pool_backend_stats" ? backend_stats_columns() : health_columns();
    CHECK(std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return column.name == metric.column; }));
  }
}

TEST_CASE("metrics tell what the reports tell, summed over the workers") {
  FakeSurface surface;
  surface.cluster.nodes[2].state = NodeState::down;
  surface.cluster.nodes[1].lag_bytes = 4096;
  for (WorkerStats& worker : surface.gateway.workers) {
    worker.traffic = {{.database = "a \"b\"\n", .counters = {.transactions = 3, .wait_time = 250ms}}};
    worker.clients = {{.user = "u", .database = "d", .pin_reason = "LISTEN", .waiting = 1500ms, .is_logged_in = true}};
    worker.pools = {{.database = "d", .user = "u", .node = NodeId{1}, .idle = 2}};
    worker.reasons = {{.name = "read", .sentence = "", .count = 7}};
  }
  const std::string text = asked(surface, "/metrics").body;
  CAPTURE(text);
  CHECK(has_line(text, R"(howdah_transactions_total{database="a \"b\"\n"} 6)"));
  CHECK(has_line(text, R"(howdah_wait_seconds_total{database="a \"b\"\n"} 0.5)"));
  CHECK(has_line(text, R"(howdah_clients{database="d",user="u",state="waiting"} 2)"));
  CHECK(has_line(text, R"(howdah_clients_pinned{reason="LISTEN"} 2)"));
  CHECK(has_line(text, "howdah_client_wait_seconds_max 1.5"));
  CHECK(has_line(text, R"(howdah_server_connections{database="d",user="u",node="1",state="idle"} 4)"));
  CHECK(has_line(text, R"(howdah_statements_routed_total{reason="read"} 14)"));
  CHECK(has_line(text, R"(howdah_node_up{node="2",hostname="127.0.0.1",port="15502",role="standby"} 0)"));
  CHECK(has_line(text, R"(howdah_node_lag_bytes{node="1"} 4096)"));
  CHECK(has_line(text, R"(howdah_health_checks_total{node="0",result="success"} 1)"));
  CHECK(has_line(text, R"(pgpool2_pool_nodes_status{hostname="127.0.0.1",port="15502",role="standby"} 0)"));
  CHECK(has_line(text, R"(pgpool2_pool_nodes_replication_delay{hostname="127.0.0.1",port="15501",role="standby"} 4096)"));
  CHECK(has_line(text, R"(pgpool2_frontend_used{username="u",database="d"} 2)"));
  CHECK(has_line(text, R"(pgpool2_version{version="4.7.2"} 1)"));
}

TEST_CASE("names that would spoil the text, or that anybody can invent, are not told") {
  FakeSurface surface;
  surface.gateway.workers[0].traffic = {{.database = "caf\xe9", .counters = {.transactions = 1}}};
  surface.gateway.workers[0].clients = {{.user = "stranger", .database = "invented"}};
  const std::string text = asked(surface, "/metrics").body;
  CHECK(has_line(text, R"(howdah_transactions_total{database="caf?"} 1)"));
  CHECK(has_line(text, R"(howdah_clients{database="",user="",state="connecting"} 1)"));
  CHECK(text.find("invented") == std::string::npos);
}

TEST_CASE("paths: what runs is healthy, and ready while there is a primary") {
  FakeSurface surface;
  CHECK(asked(surface, "/health").status == 200);
  CHECK(asked(surface, "/ready").status == 200);
  surface.cluster.primary.reset();
  CHECK(asked(surface, "/health").status == 200);
  CHECK(asked(surface, "/ready").status == 503);
  CHECK(asked(surface, "/").status == 404);
  CHECK(asked(surface, "/metrics/").status == 404);
}

TEST_CASE("the README shows the metrics as they are") {
  std::ifstream file(PROJECT_DIR "/pcp/metrics/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str().find(render_metric_table()) != std::string::npos);
}

}  // namespace howdah::pcp
