// What a client is told after its login (ParameterStatus), remembered per database, user and startup settings, so that
// only the first client with the same ones needs a server connection to be welcomed. One per worker.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/session/startup_settings.hpp"
#include "gateway/wire/parameter_status.hpp"

namespace howdah {

class WelcomeCache {
 public:
  explicit WelcomeCache(std::size_t capacity) : capacity_(capacity) {}

  // nullptr if nobody with these settings has been checked by a server yet. application_name is not part of the
  // question: PostgreSQL takes any value.
  const wire::ParameterSet* find(std::string_view database, std::string_view user,
                                 const CarriedSettings* settings) const;
  void remember(std::string_view database, std::string_view user, const CarriedSettings* settings,
                const wire::ParameterSet& parameters);
  void clear() { entries_.clear(); }  // after a failover or a reload

 private:
  std::size_t capacity_;
  std::unordered_map<std::string, wire::ParameterSet> entries_;
};

}  // namespace howdah
