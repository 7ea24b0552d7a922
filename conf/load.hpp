// From files and environment to Settings: names are looked up, values taken, gaps filled, everything checked. Never
// stops at the first mistake: all findings come back at once. Pure; what it reads comes through `read`.
//
// Order in which a value counts: default < pgpool.conf < PRIMARY_IP, REPLICAS_IP < PGPOOL_PARAMS_<NAME>. What was not
// set but follows from something set (conf/derive.hpp) comes last.
#pragma once

#include "conf/finding.hpp"
#include "conf/settings.hpp"
#include "conf/validate.hpp"

#include <set>
#include <string>

namespace howdah {

struct LoadRequest {
  std::string path;  // of pgpool.conf
  FileReader read;
  Environment environment = {};
};

struct Loaded {
  Settings settings;
  Findings findings;
  Places places;                   // of the parameters that were set
  std::set<std::string> rejected;  // parameters whose value was bad; they have their defaults
  bool is_whole = true;            // no line and no file was left out for not being understood
};

Loaded load_settings(const LoadRequest& request);

}  // namespace howdah
