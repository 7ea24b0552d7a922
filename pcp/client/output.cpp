#include "pcp/client/output.hpp"

#include "pcp/date_text.hpp"
#include "pcp/replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace howdah::pcp {

namespace {

// Servers send a node's share of the reads times this.
constexpr double kWholeWeight = 2147483647.0;

std::string joined(const Record& values) { return fmt::format("{}\n", fmt::join(values, " ")); }

std::string name_of(const std::string& number, std::initializer_list<std::string_view> names) {
  const auto index = parse_number(number);
  if (!index || *index < 0 || *index >= static_cast<std::int64_t>(names.size())) return "unknown";
  return std::string(names.begin()[*index]);
}

std::string or_none(const std::string& text) { return text.empty() ? "none" : text; }

Result<std::string> node_count(const ToolCall& call, const ServerReply& reply) {
  if (reply.texts.empty()) return unreadable("node count");
  if (!call.is_verbose) return reply.texts[0] + "\n";
  return fmt::format("Node Count\n____________\n {}\n", reply.texts[0]);
}

// 12 fields from a Pgpool 4.3; 13 from 4.4 on, where the ninth says that the delay is in microseconds.
Result<Record> node_values(Record fields, bool is_verbose) {
  bool is_delay_in_time = false;
  if (fields.size() == 13) {
    is_delay_in_time = fields[8] == "1";
    fields.erase(fields.begin() + 8);
  }
  if (fields.size() != 12) return unreadable("node information");
  double weight = 0;
  std::from_chars(fields[5].data(), fields[5].data() + fields[5].size(), weight);
  std::string delay = fields[8];
  if (is_delay_in_time)
    delay = fmt::format("{:.6f}{}", static_cast<double>(parse_number(delay).value_or(0)) / 1e6,
                        is_verbose ? " second(s)" : "");
  const bool is_quarantined = fields[3] == "1";
  const WallTime changed{seconds(parse_number(fields[11]).value_or(0))};
  return Record{fields[0],
                fields[1],
                fields[2],
                fmt::format("{:.6f}", weight / kWholeWeight),
                is_quarantined ? "quarantine" : name_of(fields[2], {"unused", "waiting", "up", "down"}),
                fields[4],
                name_of(fields[6], {"main", "replica", "primary", "standby"}),
                fields[7],
                delay,
                or_none(fields[9]),
                or_none(fields[10]),
                to_date_text(changed)};
}

Result<std::string> node_info(const ToolCall& call, const ServerReply& reply) {
  std::string out;
  for (const Record& record : reply.records) {
    const auto values = node_values(record, call.is_verbose);
    if (!values) return values.error();
    out += call.is_verbose ? labelled({"Hostname", "Port", "Status", "Weight", "Status Name", "Backend Status Name",
                                       "Role", "Backend Role", "Replication Delay", "Replication State",
                                       "Replication Sync State", "Last Status Change"},
                                      *values) +
                                 "\n"
                           : joined(*values);
  }
  return out;
}

Result<std::string> health_check_stats(const ToolCall& call, const ServerReply& reply) {
  const std::vector<std::string_view> labels{"Node Id",
                                             "Host Name",
                                             "Port",
                                             "Status",
                                             "Role",
                                             "Last Status Change",
                                             "Total Count",
                                             "Success Count",
                                             "Fail Count",
                                             "Skip Count",
                                             "Retry Count",
                                             "Average Retry Count",
                                             "Max Retry Count",
                                             "Max Health Check Duration",
                                             "Minimum Health Check Duration",
                                             "Average Health Check Duration",
                                             "Last Health Check",
                                             "Last Successful Health Check",
                                             "Last Skip Health Check",
                                             "Last Failed Health Check"};
  if (reply.texts.size() != labels.size()) return unreadable("health check statistics");
  return call.is_verbose ? labelled(labels, reply.texts) + "\n" : joined(reply.texts);
}

Result<std::string> proc_count(const ToolCall& call, const ServerReply& reply) {
  if (reply.texts.empty()) return unreadable("process list");
  const Record pids(reply.texts.begin() + 1, reply.texts.end());
  std::string out;
  if (!call.is_verbose) {
    for (const std::string& pid : pids) out += pid + " ";
    return out + "\n";
  }
  out = "No \t | \t PID\n_____________________\n";
  for (std::size_t i = 0; i < pids.size(); ++i) out += fmt::format("{} \t | \t {}\n", i, pids[i]);
  return out + fmt::format("\nTotal Processes:{}\n", pids.size());
}

// Where each printed value stands in the record. The slot is not printed; what a server's version lacks neither.
struct ProcessField {
  std::size_t place;
  std::string_view label;
};
constexpr auto kProcessFields = std::to_array<ProcessField>({
    {5, "Database"},
    {6, "Username"},
    {1, "Start time"},
    {2, "Client connection count"},
    {11, "Major"},
    {12, "Minor"},
    {7, "Backend connection time"},
    {8, "Client connection time"},
    {10, "Client idle duration"},
    {9, "Client disconnection time"},
    {13, "Pool Counter"},
    {14, "Backend PID"},
    {15, "Connected"},
    {0, "PID"},
    {4, "Backend ID"},
    {16, "Status"},
    {17, "Load balance node"},
    {18, "client_host"},
    {19, "client_port"},
    {20, "statement"},
});
constexpr std::size_t kLeastProcessFields = 17;
constexpr std::size_t kDatabasePlace = 5;

Result<std::string> proc_info(const ToolCall& call, const ServerReply& reply) {
  std::string out;
  for (const Record& record : reply.records) {
    if (record.size() < kLeastProcessFields) return unreadable("process information");
    if (record[kDatabasePlace].empty() && !call.shows_free_slots) continue;
    std::vector<std::string_view> labels;
    Record values;
    for (const ProcessField& field : kProcessFields) {
      if (field.place >= record.size()) continue;
      labels.push_back(field.label);
      values.push_back(record[field.place]);
    }
    out += call.is_verbose ? labelled(labels, values) + "\n" : joined(values);
  }
  return out.empty() ? "No process information available\n\n" : out;
}

Result<std::string> pool_status(const ToolCall& call, const ServerReply& reply) {
  std::string out;
  for (std::size_t i = 0; i < reply.records.size(); ++i) {
    const Record& row = reply.records[i];
    if (row.size() < 3) return unreadable("configuration");
    out += call.is_verbose
               ? fmt::format("Name [{:3}]:\t{}\nValue:      \t{}\nDescription:\t{}\n\n", i, row[0], row[1], row[2])
               : fmt::format("name : {}\nvalue: {}\ndesc : {}\n\n", row[0], row[1], row[2]);
  }
  return out;
}

Result<std::string> watchdog_info(const ToolCall& call, const ServerReply& reply) {
  if (reply.texts.empty()) return unreadable("watchdog information");
  return render_watchdog(call.is_verbose, reply.texts[0]);
}

struct OutputForm {
  std::string_view command;
  Result<std::string> (*render)(const ToolCall& call, const ServerReply& reply);
};

// Commands that answer with more than "done".
constexpr std::array kForms{
    OutputForm{"node_count", &node_count},
    OutputForm{"node_info", &node_info},
    OutputForm{"health_check_stats", &health_check_stats},
    OutputForm{"proc_count", &proc_count},
    OutputForm{"proc_info", &proc_info},
    OutputForm{"pool_status", &pool_status},
    OutputForm{"watchdog_info", &watchdog_info},
};

}  // namespace

std::string labelled(const std::vector<std::string_view>& labels, const Record& values, std::string_view separator) {
  std::size_t width = 0;
  for (const std::string_view label : labels) width = std::max(width, label.size());
  std::string out;
  for (std::size_t i = 0; i < labels.size(); ++i)
    out += fmt::format("{:<{}}{}{}\n", labels[i], width, separator, values[i]);
  return out;
}

Error unreadable(std::string_view what) {
  return {ErrorCode::protocol_violation, fmt::format("the server's {} has an unknown form", what)};
}

Result<std::string> render_output(const ToolCall& call, const ServerReply& reply) {
  for (const OutputForm& form : kForms)
    if (form.command == call.command->name) return form.render(call, reply);
  return fmt::format("pcp_{} -- Command Successful\n", call.command->name);
}

}  // namespace howdah::pcp
