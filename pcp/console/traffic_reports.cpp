// SHOW STATS, STATS_TOTALS, STATS_AVERAGES, TOTALS: one table of counters, which each report names in a way of its own.
#include "pcp/console/console_reports.hpp"

#include <fmt/format.h>

#include <array>

namespace howdah::pcp {

namespace {

template <auto Member>
std::uint64_t count_of(const TrafficCounters& counters) {
  return counters.*Member;
}
template <auto Member>
std::uint64_t time_of(const TrafficCounters& counters) {  // in us
  const auto time = std::chrono::duration_cast<microseconds>(counters.*Member).count();
  return time > 0 ? static_cast<std::uint64_t>(time) : 0;
}

struct Counter {
  std::string_view name;       // in STATS behind total_ and avg_, in STATS_TOTALS and STATS_AVERAGES alone
  std::uint64_t (*value)(const TrafficCounters& counters);
  Since since = Since::ever;
  // Where a report calls it otherwise; empty: it does not.
  std::string_view in_stats_total = {};
  std::string_view in_stats_avg = {};
  std::string_view in_totals = {};    // SHOW TOTALS, behind total_ and avg_
  std::string_view in_averages = {};  // STATS_AVERAGES
};

constexpr std::array kCounters{
    Counter{"server_assignment_count", &count_of<&TrafficCounters::assignments>, kNew},
    Counter{"xact_count", &count_of<&TrafficCounters::transactions>},
    Counter{"query_count", &count_of<&TrafficCounters::queries>},
    Counter{"bytes_received", &count_of<&TrafficCounters::received>, Since::ever, "received", "recv", "client_bytes"},
    Counter{"bytes_sent", &count_of<&TrafficCounters::sent>, Since::ever, "sent", "sent", "server_bytes"},
    Counter{"xact_time", &time_of<&TrafficCounters::transaction_time>},
    Counter{"query_time", &time_of<&TrafficCounters::query_time>},
    Counter{"wait_time", &time_of<&TrafficCounters::wait_time>},
    Counter{"client_parse_count", &count_of<&TrafficCounters::client_parses>, kNew, {}, {}, "ps_client_parse_count",
            "avg_client_parse_count"},
    Counter{"server_parse_count", &count_of<&TrafficCounters::server_parses>, kNew, {}, {}, "ps_server_parse_count",
            "avg_server_parse_count"},
    Counter{"bind_count", &count_of<&TrafficCounters::binds>, kNew, {}, {}, "ps_bind_count", "avg_bind_count"},
};

std::string_view or_else(std::string_view name, std::string_view usual) { return name.empty() ? usual : name; }

// One column, or one row of TOTALS: its name, and whether it is an average.
struct Figure {
  std::string name;
  const Counter* counter;
  bool is_average;
};

template <typename Name>
void add_figures(std::vector<Figure>& figures, const ConsoleFacts& facts, bool is_average, Name&& name) {
  for (const Counter& counter : kCounters)
    if (is_in(counter.since, facts.version())) figures.push_back({name(counter), &counter, is_average});
}

ConsoleAnswer by_database(const ConsoleFacts& facts, const std::vector<Figure>& figures) {
  ConsoleAnswer answer{.columns = {"database"}, .types = {CellType::text}};
  for (const Figure& figure : figures) {
    answer.columns.push_back(figure.name);
    answer.types.push_back(CellType::numeric);
  }
  for (const auto& [database, totals] : sum_traffic(facts.facts.stats)) {
    const auto average = facts.averages.find(database);
    auto& cells = answer.rows.emplace_back(std::vector<Cell>{database});
    for (const Figure& figure : figures) {
      const TrafficCounters none;
      const TrafficCounters& averages = average == facts.averages.end() ? none : average->second;
      cells.emplace_back(fmt::to_string(figure.counter->value(figure.is_average ? averages : totals)));
    }
  }
  return answer;
}

}  // namespace

ConsoleAnswer show_stats(const ConsoleFacts& facts) {
  std::vector<Figure> figures;
  add_figures(figures, facts, false, [](const Counter& c) { return fmt::format("total_{}", or_else(c.in_stats_total, c.name)); });
  add_figures(figures, facts, true, [](const Counter& c) { return fmt::format("avg_{}", or_else(c.in_stats_avg, c.name)); });
  return by_database(facts, figures);
}

ConsoleAnswer show_stats_totals(const ConsoleFacts& facts) {
  std::vector<Figure> figures;
  add_figures(figures, facts, false, [](const Counter& c) { return std::string(c.name); });
  return by_database(facts, figures);
}

ConsoleAnswer show_stats_averages(const ConsoleFacts& facts) {
  std::vector<Figure> figures;
  add_figures(figures, facts, true, [](const Counter& c) { return std::string(or_else(c.in_averages, c.name)); });
  return by_database(facts, figures);
}

// Times of an average are those of one transaction, query or assignment: of all databases, the sum as PgBouncer makes it.
ConsoleAnswer show_totals(const ConsoleFacts& facts) {
  std::vector<Figure> figures;
  add_figures(figures, facts, false, [](const Counter& c) { return fmt::format("total_{}", or_else(c.in_totals, c.name)); });
  add_figures(figures, facts, true, [](const Counter& c) { return fmt::format("avg_{}", or_else(c.in_totals, c.name)); });
  TrafficCounters totals;
  TrafficCounters averages;
  for (const auto& [database, counters] : sum_traffic(facts.facts.stats)) add(totals, counters);
  for (const auto& [database, counters] : facts.averages) add(averages, counters);
  ConsoleAnswer answer{.columns = {"name", "value"}, .types = {CellType::text, CellType::numeric}};
  for (const Figure& figure : figures)
    answer.rows.push_back({figure.name, fmt::to_string(figure.counter->value(figure.is_average ? averages : totals))});
  return answer;
}

}  // namespace howdah::pcp
