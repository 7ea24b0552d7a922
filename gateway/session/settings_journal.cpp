#include "gateway/session/settings_journal.hpp"

#include <iterator>
#include <utility>

namespace howdah {

void SettingsJournal::take(const SessionStep& step, std::string_view tag, CarriedSettingsPtr& applied) {
  switch (step.kind) {
    case SessionStepKind::savepoint:
      if (layers_.empty()) layers_.emplace_back();
      layers_.push_back({step.name, {}});
      return;
    case SessionStepKind::release: {
      const auto at = find(step.name);
      if (at == layers_.end()) return;
      std::vector<SessionStep>& below = std::prev(at)->steps;
      for (auto layer = at; layer != layers_.end(); ++layer)
        below.insert(below.end(), std::make_move_iterator(layer->steps.begin()), std::make_move_iterator(layer->steps.end()));
      layers_.erase(at, layers_.end());
      return;
    }
    case SessionStepKind::rollback_to: {
      const auto at = find(step.name);
      if (at == layers_.end()) return;
      at->steps.clear();
      layers_.erase(std::next(at), layers_.end());
      return;
    }
    case SessionStepKind::end:
      if (tag == "ROLLBACK") return abandon();
      return commit(applied);
    default: return add(step);
  }
}

void SettingsJournal::add(const SessionStep& step) {
  if (layers_.empty()) layers_.emplace_back();
  layers_.back().steps.push_back(step);
  must_put_back_ |= startup_ != nullptr && step.kind != SessionStepKind::set;
}

void SettingsJournal::end_request(wire::TransactionStatus status, bool has_error, CarriedSettingsPtr& applied) {
  if (layers_.empty() || status != wire::TransactionStatus::idle) return;
  has_error ? abandon() : commit(applied);
}

void SettingsJournal::commit(CarriedSettingsPtr& applied) {
  const std::vector<SessionStep> steps = changes();
  layers_.clear();
  must_put_back_ = false;
  if (steps.empty()) return;
  const bool is_same = same_settings(applied.get(), settings_.get());
  settings_ = settings_after(settings_, steps, startup_.get());
  // Only a reset has another meaning to the server than to the client.
  applied = is_same && startup_ == nullptr ? settings_ : settings_after(applied, steps, nullptr);
  if (same_settings(applied.get(), settings_.get())) applied = settings_;
}

void SettingsJournal::note_reported(std::string_view name, const std::string& value, CarriedSettingsPtr& applied) {
  const std::string* wanted = find_setting(settings_.get(), name);
  const std::string* there = find_setting(applied.get(), name);
  if (wanted == nullptr || there == nullptr || *wanted != *there || *wanted == value) return;
  const SessionStep step{.name = std::string(name), .value = value};
  settings_ = settings_after(settings_, {&step, 1}, nullptr);
  applied = settings_after(applied, {&step, 1}, nullptr);
  if (same_settings(applied.get(), settings_.get())) applied = settings_;
}

std::vector<std::string> SettingsJournal::put_back(const CarriedSettingsPtr& applied) {
  must_put_back_ = false;
  const CarriedSettingsPtr there = settings_after(applied, changes(), nullptr);
  const CarriedSettingsPtr wanted = settings_now();
  std::vector<std::string> queries = settings_change(there.get(), wanted.get());
  for (const CarriedSetting& one : wanted ? wanted->values : std::vector<CarriedSetting>{})
    if (const std::string* old = find_setting(there.get(), one.name); old == nullptr || *old != one.value)
      layers_.back().steps.push_back({.is_list = one.is_list, .name = one.name, .value = one.value});
  return queries;
}

bool SettingsJournal::is_taken_from_startup(std::string_view name, const CarriedSettingsPtr& applied) const {
  const std::string* first = find_setting(startup_.get(), name);
  if (first == nullptr) return false;
  const CarriedSettingsPtr wanted = settings_now();
  const CarriedSettingsPtr there = settings_after(applied, changes(), nullptr);
  const std::string* now = find_setting(wanted.get(), name);
  const std::string* old = find_setting(there.get(), name);
  return now != nullptr && *now == *first && (old == nullptr || *old != *first);
}

std::vector<SessionStep> SettingsJournal::startup_of(const SessionStep& step) const {
  std::vector<SessionStep> sets;
  for (const CarriedSetting& one : startup_ ? startup_->values : std::vector<CarriedSetting>{}) {
    const bool is_reset = (step.kind == SessionStepKind::reset && step.name == one.name) ||
                          (step.kind == SessionStepKind::reset_all && one.name != "role");  // which stays as it is
    if (is_reset) sets.push_back({.is_list = one.is_list, .name = one.name, .value = one.value});
  }
  return sets;
}

std::vector<SessionStep> SettingsJournal::changes() const {
  std::vector<SessionStep> all;
  for (const Layer& layer : layers_) all.insert(all.end(), layer.steps.begin(), layer.steps.end());
  return all;
}

// The newest of that name; the transaction's own layer has none.
std::vector<SettingsJournal::Layer>::iterator SettingsJournal::find(std::string_view savepoint) {
  for (auto at = layers_.end(); at != layers_.begin();) {
    --at;
    if (at != layers_.begin() && at->savepoint == savepoint) return at;
  }
  return layers_.end();
}

}  // namespace howdah
