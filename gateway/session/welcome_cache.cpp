#include "gateway/session/welcome_cache.hpp"

#include <fmt/format.h>

namespace howdah {

namespace {

std::string key_of(std::string_view database, std::string_view user, const CarriedSettings* settings) {
  std::string key = fmt::format("{}:{}{}:{}", database.size(), database, user.size(), user);
  if (settings == nullptr) return key;
  for (const auto& [name, value, is_list] : settings->values)
    if (name != "application_name") key += fmt::format("{}:{}={}:{};", name.size(), name, value.size(), value);
  return key;
}

}  // namespace

const wire::ParameterSet* WelcomeCache::find(std::string_view database, std::string_view user,
                                             const CarriedSettings* settings) const {
  const auto found = entries_.find(key_of(database, user, settings));
  return found == entries_.end() ? nullptr : &found->second;
}

void WelcomeCache::remember(std::string_view database, std::string_view user, const CarriedSettings* settings,
                            const wire::ParameterSet& parameters) {
  if (entries_.size() >= capacity_) entries_.clear();
  entries_.insert_or_assign(key_of(database, user, settings), parameters);
}

}  // namespace howdah
