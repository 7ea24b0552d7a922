// The shape of a metric: one row of name, kind, help and what collects its samples. Names follow Prometheus' rules (unit
// last, counters end in _total); those that begin with pgpool2_ are pgpool2_exporter's. Pure.
#pragma once

#include <prometheus/client_metric.h>

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "pcp/reports.hpp"

namespace howdah::pcp {

enum class MetricKind { counter, gauge };

using Labels = std::vector<prometheus::ClientMetric::Label>;

// Of one metric, in order of their labels. Values of the same labels are added up: workers, for one, each tell their part.
class Samples {
 public:
  void add(const Labels& labels, double value) { values_[labels] += value; }
  void add(double value) { add({}, value); }
  const std::map<Labels, double>& values() const { return values_; }

 private:
  std::map<Labels, double> values_;
};

struct Metric {
  std::string_view name;
  MetricKind kind;
  std::string_view help;
  void (*collect)(const Facts& facts, Samples& samples);
};

std::span<const Metric> gateway_metrics();  // howdah_...
std::span<const Metric> pgpool_metrics();   // pgpool2_..., of processes and pools

// pgpool2_<report>_<column>: a column of the report of that name, whose other labels the exporter takes from it, too.
struct NodeColumnMetric {
  std::string_view report;  // "pool_nodes"
  std::string_view column;
  MetricKind kind;
  std::string_view help;
};
std::span<const NodeColumnMetric> node_column_metrics();
Samples collect(const NodeColumnMetric& metric, const Facts& facts);

}  // namespace howdah::pcp
