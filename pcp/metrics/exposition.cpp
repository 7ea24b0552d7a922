#include "pcp/metrics/exposition.hpp"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <utility>

namespace howdah::pcp {

namespace {

std::string name_of(const NodeColumnMetric& metric) { return fmt::format("pgpool2_{}_{}", metric.report, metric.column); }

// A name that is none would make Prometheus refuse the whole text.
std::string as_utf8(std::string text) {
  for (std::size_t i = 0; i < text.size();) {
    unsigned long ignored = 0;
    const int length = UTF8_getc(reinterpret_cast<const unsigned char*>(text.data()) + i, static_cast<int>(text.size() - i), &ignored);
    if (length <= 0) text[i] = '?';
    i += length <= 0 ? 1 : static_cast<std::size_t>(length);
  }
  return text;
}

prometheus::MetricFamily family(std::string name, MetricKind kind, std::string_view help, const Samples& samples) {
  const bool is_counter = kind == MetricKind::counter;
  prometheus::MetricFamily made{std::move(name), std::string(help),
                                is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge, {}};
  for (const auto& [labels, value] : samples.values()) {
    prometheus::ClientMetric sample;
    for (const auto& [label, text] : labels) sample.label.push_back({label, as_utf8(text)});
    (is_counter ? sample.counter.value : sample.gauge.value) = value;
    made.metric.push_back(std::move(sample));
  }
  return made;
}

template <typename Visit>  // called with name, kind and help of each
void for_each_metric(Visit visit) {
  for (const auto metrics : {gateway_metrics(), pgpool_metrics()})
    for (const Metric& metric : metrics) visit(std::string(metric.name), metric.kind, metric.help);
  for (const NodeColumnMetric& metric : node_column_metrics()) visit(name_of(metric), metric.kind, metric.help);
}

}  // namespace

std::string exposition(const Facts& facts) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto metrics : {gateway_metrics(), pgpool_metrics()}) {
    for (const Metric& metric : metrics) {
      Samples samples;
      metric.collect(facts, samples);
      families.push_back(family(std::string(metric.name), metric.kind, metric.help, samples));
    }
  }
  for (const NodeColumnMetric& metric : node_column_metrics())
    families.push_back(family(name_of(metric), metric.kind, metric.help, collect(metric, facts)));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

void answer_http(ControlSurface& surface, std::string_view path, std::function<void(HttpAnswer)> then) {
  if (path == "/health") return then({.body = "ok\n"});
  if (path == "/ready") {
    if (surface.view()->primary) return then({.body = "ok\n"});
    return then({.status = 503, .body = "no primary: writes wait for one, reads go on\n"});
  }
  if (path != "/metrics") return then({.status = 404, .body = "there are /metrics, /health and /ready\n"});
  surface.collect_stats({}, [facts = facts_now(surface), then = std::move(then)](GatewayStats stats) mutable {
    facts.stats = std::move(stats);
    then({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = exposition(facts)});
  });
}

std::string render_metric_table() {
  std::string table = "| metric | kind | tells |\n|---|---|---|\n";
  for_each_metric([&](const std::string& name, MetricKind kind, std::string_view help) {
    table += fmt::format("| `{}` | {} | {} |\n", name, kind == MetricKind::counter ? "counter" : "gauge", help);
  });
  return table;
}

}  // namespace howdah::pcp
