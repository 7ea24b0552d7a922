// What is said over HTTP: the metrics in Prometheus' text format, and whether the gateway can do its work. Pure; called on
// the control thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "pcp/metrics/metric.hpp"

namespace howdah::pcp {

struct HttpAnswer {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// "/metrics", "/health" (it runs) or "/ready" (503 while there is no primary); else 404. Calls back once.
void answer_http(ControlSurface& surface, std::string_view path, std::function<void(HttpAnswer)> then);

std::string exposition(const Facts& facts);

// All there are, as a table for the README.
std::string render_metric_table();

}  // namespace howdah::pcp
