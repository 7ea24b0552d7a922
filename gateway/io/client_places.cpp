#include "gateway/io/client_places.hpp"

#include <utility>

namespace howdah {

ClientPlace::ClientPlace(ClientPlaces& places, std::string database, std::string user)
    : places_(&places), database_(std::move(database)), user_(std::move(user)) {}

ClientPlace::ClientPlace(ClientPlace&& other) noexcept
    : places_(std::exchange(other.places_, nullptr)),
      database_(std::move(other.database_)),
      user_(std::move(other.user_)) {}

ClientPlace& ClientPlace::operator=(ClientPlace&& other) noexcept {
  std::swap(places_, other.places_);
  std::swap(database_, other.database_);
  std::swap(user_, other.user_);
  return *this;
}

ClientPlace::~ClientPlace() {
  if (places_ == nullptr) return;
  const std::scoped_lock lock(places_->mutex_);
  places_->counts_.leave(database_, user_);
}

Result<ClientPlace> ClientPlaces::enter(const std::string& database, const std::string& user,
                                        const login::ClientLimits& limits) {
  const std::scoped_lock lock(mutex_);
  if (const auto counted = counts_.enter(database, user, limits); !counted) return counted.error();
  return ClientPlace(*this, database, user);
}

}  // namespace howdah
