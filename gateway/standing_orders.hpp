// What operators have ordered through the console and what holds until they take it back: databases paused, disabled, and
// from when on server connections are good. One immutable value: the control thread makes a new one for every order and
// gives it to all workers, which acknowledge it; a worker that starts a pool later applies what is in force.
#pragma once

#include "base/ids.hpp"
#include "base/instant.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace howdah {

struct DatabaseOrders {
  bool is_paused = false;    // no server connection is lent; those there are closed when free
  bool is_disabled = false;  // no new clients
  Instant retire_before = Instant::min();  // server connections opened before are closed when free

  friend bool operator==(const DatabaseOrders&, const DatabaseOrders&) = default;
};

struct StandingOrders {
  bool is_paused = false;     // all databases
  bool is_suspended = false;  // clients are not read
  Instant retire_before = Instant::min();
  std::map<std::string, DatabaseOrders, std::less<>> databases = {};

  const DatabaseOrders* find(std::string_view database) const {
    const auto found = databases.find(database);
    return found == databases.end() ? nullptr : &found->second;
  }
  // Everything that concerns one database.
  DatabaseOrders of(std::string_view database) const {
    const DatabaseOrders* own = find(database);
    DatabaseOrders out = own == nullptr ? DatabaseOrders{} : *own;
    out.is_paused = out.is_paused || is_paused;
    out.retire_before = std::max(out.retire_before, retire_before);
    return out;
  }
};

using StandingOrdersPtr = std::shared_ptr<const StandingOrders>;  // shared by the workers

// Clients that an operator sends away, with what they are told (FATAL).
struct Eviction {
  std::optional<std::string> database = {};  // all of its clients; without this and `client`: all but the console's
  std::optional<SessionId> client = {};
  std::string message = {};

  bool concerns(SessionId id, std::string_view of_database) const {
    if (client) return *client == id;
    return !database || *database == of_database;
  }
};

}  // namespace howdah
