// The ClientCounts that all workers share: a mutex around the pure part. Touched when a client logs in and when it leaves.
#pragma once

#include <mutex>
#include <string>

#include "gateway/login/client_counts.hpp"

namespace howdah {

class ClientPlaces;

// Held by a client that has been counted; gives its place back when it ends.
class ClientPlace {
 public:
  ClientPlace() = default;
  ClientPlace(ClientPlaces& places, std::string database, std::string user);
  ClientPlace(ClientPlace&& other) noexcept;
  ClientPlace& operator=(ClientPlace&& other) noexcept;
  ~ClientPlace();

 private:
  ClientPlaces* places_ = nullptr;
  std::string database_;
  std::string user_;
};

// Outlives all places.
class ClientPlaces {
 public:
  Result<ClientPlace> enter(const std::string& database, const std::string& user, const login::ClientLimits& limits);

 private:
  friend class ClientPlace;

  std::mutex mutex_;
  login::ClientCounts counts_;
};

}  // namespace howdah
