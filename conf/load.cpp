#include "conf/load.hpp"

#include "conf/container.hpp"
#include "conf/derive.hpp"
#include "conf/format.hpp"
#include "conf/names.hpp"
#include "conf/text.hpp"
#include "conf/walk.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

namespace howdah {

using namespace conf;

namespace {

constexpr int kMostNodes = 128;  // Pgpool's limit: node numbers are 0 .. 127
constexpr int kMostPools = 10000;  // databases or users with settings of their own

// The row numbered `number`, made if need be, in its place.
template <typename Row>
Row& numbered_row(std::vector<Row>& rows, int number) {
  auto place = std::find_if(rows.begin(), rows.end(), [number](const Row& row) { return row.number >= number; });
  if (place != rows.end() && place->number == number) return *place;
  place = rows.insert(place, Row{});
  place->number = number;
  number_rows(*place, number);
  return *place;
}

template <typename Row>
ParamBase* member_named(Row& row, std::string_view family) {
  ParamBase* found = nullptr;
  for_each_param(row, [&](ParamBase& param) {
    if (param.family() == family) found = &param;
  });
  return found;
}

class Loader {
 public:
  Loaded load(const LoadRequest& request) {
    ConfigText text = parse_config(request.path, request.read);
    out_.settings.path = request.path;
    out_.findings = std::move(text.findings);
    out_.is_whole = text.is_whole;
    take_all(text.assignments);
    take_container_nodes(request.environment);
    take_all(parameter_variables(request.environment));
    drop_unused_nodes();
    report_support();
    derive(out_.settings);
    validate(out_.settings, out_.places, out_.findings);
    sort_findings();
    return std::move(out_);
  }

 private:
  void take_all(const std::vector<Assignment>& assignments) {
    std::set<std::string> named;
    for (const Assignment& assignment : assignments) named.insert(assignment.name);
    for (const Assignment& assignment : assignments) {
      const auto split = split_number_off(assignment.name);
      const OtherName* other = find_other_name(assignment.name);
      std::string number;
      if (!other && split && !is_family(split->family)) {
        other = find_other_name(split->family);
        number = std::to_string(split->number);
      }
      if (other)
        take_other(assignment, *other, number, named);
      else
        take(assignment);
    }
  }

  void take_other(const Assignment& written, const OtherName& other, const std::string& number,
                  const std::set<std::string>& named) {
    const std::string name = fmt::format("\"{}\"", written.name);
    if (other.fate == NameFate::gone)
      return note(FindingKind::unsupported, FindingLevel::warning, written.place,
                  fmt::format("{} is not a parameter of Pgpool 4.7: {}", name, other.now));
    const std::string now = std::string(other.now) + number;
    if (named.contains(now))
      return note(FindingKind::renamed, FindingLevel::warning, written.place,
                  fmt::format("{} is not used, because \"{}\", which means the same, is set too", name, now));
    const bool is_old = other.fate == NameFate::renamed;
    note(FindingKind::renamed, is_old ? FindingLevel::warning : FindingLevel::notice, written.place,
         fmt::format("{} is {} name of \"{}\"", name, is_old ? "the old" : "PgBouncer's", now));
    take({now, written.value, written.place});
  }

  void take(const Assignment& assignment) {
    ParamBase* param = row_named(assignment);
    if (!param) return;
    const auto remark = param->assign(assignment.value);
    if (!remark) return reject(*param, assignment, remark.error());
    if (const auto before = out_.places.find(param->name()); before != out_.places.end())
      note(FindingKind::remark, FindingLevel::notice, assignment.place,
           fmt::format("\"{}\" is set again; {} no longer counts", param->name(), to_text(before->second)));
    out_.places[param->name()] = assignment.place;
    out_.rejected.erase(param->name());
    if (!remark->empty())
      note(FindingKind::remark, FindingLevel::warning, assignment.place,
           fmt::format("{} for parameter \"{}\": {} is taken", *remark, param->name(), show_value(*param)));
    if (param->family() == "delay_threshold_by_time" && !has_unit(assignment.value))
      note(FindingKind::remark, FindingLevel::notice, assignment.place,
           fmt::format("\"{}\" without a unit means milliseconds, as since Pgpool 4.5 (4.4: seconds)", param->name()));
  }

  static bool has_unit(std::string_view value) {
    return std::any_of(value.begin(), value.end(), [](char c) { return c >= 'a' && c <= 'z'; }) ||
           trimmed(value) == "0";
  }

  void reject(const ParamBase& param, const Assignment& assignment, const Error& error) {
    out_.rejected.insert(param.name());
    const std::string message = error.hint.empty() ? error.message : fmt::format("{}. {}", error.message, error.hint);
    note(FindingKind::bad_value, FindingLevel::error, assignment.place, message);
  }

  // Nothing, and a finding, if there is no such parameter.
  ParamBase* row_named(const Assignment& assignment) {
    if (ParamBase* plain = plain_row(assignment.name)) return plain;
    if (const auto split = split_number_off(assignment.name)) {
      if (!is_family(split->family)) return unknown(assignment);
      const int most = is_of_pools(split->family) ? kMostPools : kMostNodes;
      if (split->number < most) return numbered_param(*split);
      note(FindingKind::bad_value, FindingLevel::error, assignment.place,
           fmt::format("\"{}\": numbers go from 0 to {}", assignment.name, most - 1));
      return nullptr;
    }
    if (!is_family(assignment.name)) return unknown(assignment);
    note(FindingKind::unknown_name, FindingLevel::warning, assignment.place,
         fmt::format("\"{0}\" needs a number ({0}0): the line is ignored", assignment.name));
    return nullptr;
  }

  ParamBase* unknown(const Assignment& assignment) {
    const std::string nearest = nearest_name(out_.settings, assignment.name);
    note(FindingKind::unknown_name, FindingLevel::warning, assignment.place,
         nearest.empty()
             ? fmt::format("unknown parameter \"{}\"", shown(assignment.name))
             : fmt::format("unknown parameter \"{}\"; did you mean \"{}\"?", shown(assignment.name), nearest));
    return nullptr;
  }

  // Rows without a number do not move, so they are looked up in an index.
  ParamBase* plain_row(const std::string& name) {
    if (plain_.empty())
      for_each_param(out_.settings, [this](ParamBase& param) {
        if (param.number() < 0) plain_[std::string(param.family())] = &param;
      });
    const auto found = plain_.find(name);
    return found == plain_.end() ? nullptr : found->second;
  }

  bool is_family(std::string_view name) {
    return is_of_pools(name) || member_named(node_, name) || member_named(member_, name) ||
           member_named(heartbeat_, name);
  }

  bool is_of_pools(std::string_view name) { return member_named(database_, name) || member_named(user_, name); }

  ParamBase* numbered_param(const NumberedName& name) {
    if (member_named(node_, name.family))
      return member_named(add_node(out_.settings, NodeId{name.number}), name.family);
    if (member_named(database_, name.family))
      return member_named(numbered_row(out_.settings.databases, name.number), name.family);
    if (member_named(user_, name.family))
      return member_named(numbered_row(out_.settings.users, name.number), name.family);
    if (member_named(member_, name.family))
      return member_named(numbered_row(out_.settings.members, name.number), name.family);
    return member_named(numbered_row(out_.settings.heartbeats, name.number), name.family);
  }

  void take_container_nodes(const Environment& environment) {
    const ContainerNodes container = container_nodes(environment, out_.findings);
    if (container.count == 0) return;
    std::erase_if(out_.settings.nodes, [&](const NodeSettings& node) {
      if (node.id.value < container.count) return false;
      note(FindingKind::remark, FindingLevel::warning, place_of_node(node),
           fmt::format("node {} is left out: PRIMARY_IP and REPLICAS_IP name all the servers", node.id.value));
      return true;
    });
    take_all(container.assignments);
  }

  Place place_of_node(const NodeSettings& node) const {
    Place place{out_.settings.path, 0};
    NodeSettings copy = node;
    for_each_param(copy, [&](const ParamBase& param) {
      if (const auto found = out_.places.find(param.name()); found != out_.places.end() && place.line == 0)
        place = found->second;
    });
    return place;
  }

  // A number counts when it has a host or a port, and the port is not 0.
  void drop_unused_nodes() {
    std::erase_if(out_.settings.nodes, [this](const NodeSettings& node) {
      const bool is_named = node.backend_hostname.is_set() || node.backend_port.is_set();
      if (is_named && node.backend_port() != 0) return false;
      const bool is_meant = out_.rejected.contains(node.backend_hostname.name()) ||
                            out_.rejected.contains(node.backend_port.name()) || has_only_health(node);
      if (!is_meant)
        note(FindingKind::remark, FindingLevel::warning, place_of_node(node),
             fmt::format("node {} is not used: it has {}", node.id.value,
                         is_named ? "port 0" : "neither backend_hostname nor backend_port"));
      return true;
    });
  }

  // Files made by tools set health_check_*N for numbers without a server; nothing is lost by that.
  static bool has_only_health(const NodeSettings& node) {
    return !node.backend_hostname.is_set() && !node.backend_port.is_set() && !node.backend_weight.is_set() &&
           !node.backend_flag.is_set() && !node.backend_data_directory.is_set() &&
           !node.backend_application_name.is_set();
  }

  void report_support() {
    for_each_param(std::as_const(out_.settings), [this](const ParamBase& param) {
      if (!param.is_set() || param.support() == Support::honoured) return;
      const Place& place = out_.places[param.name()];
      if (param.support() == Support::harmless)
        note(FindingKind::no_effect, FindingLevel::notice, place,
             fmt::format("\"{}\" has no effect, which is harmless: {}", param.name(), param.note()));
      else if (!param.has_default_value())
        note(FindingKind::unsupported, FindingLevel::warning, place,
             fmt::format("\"{}\" is not supported: {}", param.name(), param.note()));
    });
  }

  // As a reader goes through the file; what concerns other files and the environment follows.
  void sort_findings() {
    const auto key = [this](const Finding& finding) {
      return std::make_tuple(finding.place.file != out_.settings.path, std::string_view(finding.place.file),
                             finding.place.line);
    };
    std::stable_sort(out_.findings.begin(), out_.findings.end(),
                     [&key](const Finding& a, const Finding& b) { return key(a) < key(b); });
  }

  void note(FindingKind kind, FindingLevel level, const Place& place, std::string message) {
    out_.findings.push_back({kind, level, place, std::move(message)});
  }

  Loaded out_ = {};
  std::map<std::string, ParamBase*> plain_ = {};
  NodeSettings node_ = {};  // patterns: which names are numbered, and of what
  DatabaseSettings database_ = {};
  UserSettings user_ = {};
  WatchdogMember member_ = {};
  Heartbeat heartbeat_ = {};
};

}  // namespace

Loaded load_settings(const LoadRequest& request) { return Loader{}.load(request); }

}  // namespace howdah
