// What several gateways keep in etcd, as bodies of its JSON gateway (etcd's API v3 over HTTP: keys and values in base64,
// 64-bit numbers as text, fields that are zero left out). Pure: failover/io/etcd_link sends and receives them.
//
//   /howdah/<cluster>/view/<gateway>   a Vote, under the gateway's lease
//   /howdah/<cluster>/failover         the LockRow, under its holder's lease
//   /howdah/<cluster>/primary          the OfficeRow
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "failover/quorum.hpp"

namespace howdah::failover {

using LeaseId = std::int64_t;  // 0: none

// An exchange: where the body goes.
struct EtcdCall {
  std::string path;
  std::string body;
};

class EtcdBodies {
 public:
  explicit EtcdBodies(std::string_view cluster_name) : prefix_("/howdah/" + std::string(cluster_name) + "/") {}

  static EtcdCall login(std::string_view user, std::string_view password);
  static EtcdCall grant_lease(seconds time_to_live);
  static EtcdCall keep_lease(LeaseId lease);
  static EtcdCall revoke_lease(LeaseId lease);
  EtcdCall read_all() const;
  EtcdCall put_vote(const Vote& vote, LeaseId lease) const;
  // Only if nobody has it.
  EtcdCall take_lock(const LockRow& row, LeaseId lease) const;
  EtcdCall drop_lock(std::int64_t lock_revision) const;
  // Only if the row is unchanged since `row.revision`; while holding the lock of `lock_revision`, or, for 0, while
  // nobody has one.
  EtcdCall claim_office(const OfficeRow& row, std::int64_t lock_revision) const;

  // The answer to read_all(). Rows that cannot be read are an error: what another version wrote is not guessed at.
  Result<Assembly> parse_assembly(std::string_view body) const;

 private:
  std::string prefix_;
};

Result<std::string> parse_token(std::string_view body);
Result<LeaseId> parse_lease(std::string_view body);
Result<bool> parse_kept(std::string_view body);  // the lease is still there
std::string parse_trouble(std::string_view body);  // the message of an error

}  // namespace howdah::failover
