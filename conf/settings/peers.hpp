// Parameters about those with whom a failover is agreed: Patroni, etcd, other gateways. Rows only.
#pragma once

#include "conf/param.hpp"

namespace howdah {

inline constexpr std::uint16_t kPatroniPort = 8008;
inline constexpr std::uint16_t kEtcdPort = 2379;

struct PeerSettings {
  Param<StringList> patroni_urls{"patroni_urls",
                                 {},
                                 Change::restart,
                                 "Patroni's REST addresses, http://host:8008, one for each member. With failover_mode = patroni "
                                 "the leader they name is followed; empty = the servers alone tell who is primary."};
  Param<std::string> patroni_user{"patroni_user", "", Change::restart,
                                  "User of Patroni's restapi.authentication, for switchovers."};
  Param<std::string> patroni_password{"patroni_password", "", Change::restart, "Its password.", kSecret};
  Param<std::string> patroni_ca_file{"patroni_ca_file", "", Change::restart,
                                     "Certificates that Patroni's https is checked with; empty = the system's."};
  Param<StringList> etcd_endpoints{"etcd_endpoints",
                                   {},
                                   Change::restart,
                                   "etcd's addresses, http://host:2379, through which several gateways agree before one "
                                   "promotes; empty = this gateway is the only one that promotes."};
  Param<std::string> etcd_user{"etcd_user", "", Change::restart, "User of etcd; empty = it asks for none."};
  Param<std::string> etcd_password{"etcd_password", "", Change::restart, "Its password.", kSecret};
  Param<std::string> etcd_ca_file{"etcd_ca_file", "", Change::restart,
                                  "Certificates that etcd's https is checked with; empty = the system's."};
  Param<std::string> etcd_cluster_name{"etcd_cluster_name", "main", Change::restart,
                                       "Keys are below /howdah/<name>/: one name for all gateways before the same servers, "
                                       "another for every other cluster."};
  Param<seconds> etcd_lease_time{"etcd_lease_time", 5s, Change::restart,
                                 "How long a gateway that etcd no longer hears counts as alive. Cut off, it stops writing "
                                 "after this time; the others wait for it before they promote.",
                                 Range{2, 60}};
  Param<std::string> gateway_name{"gateway_name", "", Change::restart,
                                  "This gateway's name among the others; empty = host name and port."};
};

}  // namespace howdah
