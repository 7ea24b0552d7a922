// What the machine knows for pool_hba.conf: its own networks, and the names of addresses. Blocking; on the control
// thread.
#pragma once

#include "conf/hba.hpp"

#include <optional>
#include <string>
#include <vector>

namespace howdah {

// The addresses of the machine's interfaces with their masks, for samehost and samenet.
std::vector<IpRange> own_networks();

// The name that the resolver gives for an address, if the name leads back to it. Slow: may wait for name servers.
std::optional<std::string> confirmed_name_of(const IpAddress& address);

}  // namespace howdah
