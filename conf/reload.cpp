#include "conf/reload.hpp"

#include "conf/format.hpp"
#include "conf/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace howdah {

namespace {

class Reloader {
 public:
  Reloader(const Settings& running, const Loaded& fresh) : running_(running), fresh_(fresh) {}

  Reloaded reload() {
    take_findings();
    if (!fresh_.is_whole) return refused("a line or file is not understood");
    out_.settings = running_;
    index_fresh();
    out_.settings.path = fresh_.settings.path;
    for_each_param(out_.settings, [this](ParamBase& param) { compare(param); });
    take_new_nodes();
    take_rows(out_.settings.databases, fresh_.settings.databases, "database", &DatabaseSettings::database_name);
    take_rows(out_.settings.users, fresh_.settings.users, "user", &UserSettings::user_name);
    out_.settings.members = fresh_.settings.members;
    out_.settings.heartbeats = fresh_.settings.heartbeats;
    Findings checks;
    validate(out_.settings, fresh_.places, checks);
    const bool is_bad = has_errors(checks);
    out_.findings.insert(out_.findings.end(), checks.begin(), checks.end());
    if (is_bad) return refused("the parameters do not go together");
    return std::move(out_);
  }

 private:
  // What was said about the file; a bad value is no reason to stop here. Contradictions are looked for afresh.
  void take_findings() {
    for (Finding finding : fresh_.findings) {
      if (finding.kind == FindingKind::conflict) continue;
      if (finding.kind == FindingKind::bad_value) {
        finding.level = FindingLevel::warning;
        finding.message += "; the running value is kept";
      }
      out_.findings.push_back(std::move(finding));
    }
  }

  Reloaded refused(std::string_view why) {
    out_.settings = running_;
    out_.applied.clear();
    out_.is_refused = true;
    note(FindingLevel::error, Place{fresh_.settings.path, 0}, fmt::format("nothing is reloaded: {}", why));
    return std::move(out_);
  }

  void index_fresh() {
    for_each_param(fresh_.settings, [this](const ParamBase& param) { fresh_params_[param.name()] = &param; });
  }

  void compare(ParamBase& param) {
    const auto found = fresh_params_.find(param.name());
    if (found == fresh_params_.end()) return gone_with_its_node(param);
    const ParamBase& now = *found->second;
    if (fresh_.rejected.contains(param.name())) return;
    if (param.has_same_value(now)) return param.take_value(now);  // only the origin may differ
    if (param.change() == Change::restart) {
      note(FindingLevel::warning, place_of(param),
           fmt::format("\"{}\" needs a restart to change from {} to {}", param.name(), show_value(param),
                       show_value(now)));
      return;
    }
    out_.applied.push_back({param.name(), show_value(param), show_value(now)});
    if (param.is_set() && now.origin() == Origin::by_default)
      note(FindingLevel::notice, Place{fresh_.settings.path, 0},
           fmt::format("\"{}\" is no longer set: it goes back to its default, {}", param.name(), show_value(now)));
    param.take_value(now);
  }

  // A server that the file no longer names stays until a restart. Told once, at its host name.
  void gone_with_its_node(const ParamBase& param) {
    if (param.family() != "backend_hostname") return;
    note(FindingLevel::warning, Place{fresh_.settings.path, 0},
         fmt::format("node {} is no longer in the file: it needs a restart to go (or detach it)", param.number()));
  }

  void take_new_nodes() {
    for (const NodeSettings& node : fresh_.settings.nodes) {
      if (out_.settings.find_node(node.id)) continue;
      add_node(out_.settings, node.id) = node;
      out_.applied.push_back({fmt::format("node {}", node.id.value), "",
                              fmt::format("{}:{}", node.backend_hostname(), node.backend_port())});
    }
  }

  // Blocks of databases or users that came or went; what changed in the others has been compared.
  template <typename Row>
  void take_rows(std::vector<Row>& running, const std::vector<Row>& fresh, std::string_view what,
                 Param<std::string> Row::*name) {
    const auto find = [](auto& rows, int number) { return std::ranges::find(rows, number, &Row::number); };
    std::erase_if(running, [&](const Row& row) {
      if (find(fresh, row.number) != fresh.end()) return false;
      out_.applied.push_back({fmt::format("{} {}", what, row.number), (row.*name)(), ""});
      return true;
    });
    for (const Row& row : fresh) {
      if (find(running, row.number) != running.end()) continue;
      running.push_back(row);
      out_.applied.push_back({fmt::format("{} {}", what, row.number), "", (row.*name)()});
    }
    std::ranges::sort(running, {}, &Row::number);
  }

  Place place_of(const ParamBase& param) const {
    const auto found = fresh_.places.find(param.name());
    return found == fresh_.places.end() ? Place{fresh_.settings.path, 0} : found->second;
  }

  void note(FindingLevel level, Place place, std::string message) {
    out_.findings.push_back({FindingKind::remark, level, std::move(place), std::move(message)});
  }

  const Settings& running_;
  const Loaded& fresh_;
  std::map<std::string, const ParamBase*> fresh_params_ = {};
  Reloaded out_ = {};
};

}  // namespace

Reloaded reload_settings(const Settings& running, const Loaded& fresh) { return Reloader(running, fresh).reload(); }

}  // namespace howdah
