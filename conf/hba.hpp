// pool_hba.conf: who may log in from where, and how the login is checked. The text becomes rules, with every mistake
// found at once; match() picks the first rule that fits, as PostgreSQL does ("The pg_hba.conf File").
// Host names and the machine's own addresses are asked through functions of the caller; nothing else is asked.
#pragma once

#include "conf/address.hpp"
#include "conf/finding.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace howdah {

enum class HbaConnection { local, host, hostssl, hostnossl };
enum class AuthMethod { trust, reject, password, md5, scram_sha_256, cert };

// A database or user field: keywords and names. A quoted word is always a name.
struct HbaNames {
  bool is_all = false;
  bool is_sameuser = false;     // databases only
  bool is_replication = false;  // databases only
  std::vector<std::string> names = {};
};

struct HbaHostName {
  std::string name;  // with a leading dot: every name that ends so
};
enum class HbaKeyword { all, samehost, samenet };
using HbaAddress = std::variant<HbaKeyword, IpRange, HbaHostName>;

struct HbaRule {
  HbaConnection connection = HbaConnection::local;
  HbaNames databases = {};
  HbaNames users = {};
  HbaAddress address = HbaKeyword::all;  // not of local
  AuthMethod method = AuthMethod::reject;
  Place place = {};
};

struct HbaRules {
  std::vector<HbaRule> rules;
  Findings findings;
};

// `path` names the file in findings and is where @file is looked up beside.
HbaRules parse_hba(std::string_view text, const std::string& path, const FileReader& read);

struct ConnectionFacts {
  bool is_local = false;  // Unix socket
  bool is_tls = false;
  std::optional<IpAddress> address = {};  // not for Unix sockets
  std::string_view database;
  std::string_view user;
  bool is_replication = false;  // physical replication was asked for
};

// What the machine knows. An empty function knows nothing.
struct HostFacts {
  // The client's name, confirmed: its address's name that also leads back to the address. Nothing if there is none.
  std::function<std::optional<std::string>(const IpAddress&)> name_of = {};
  std::vector<IpRange> own_networks = {};  // each interface: its own address, and the mask of its network
};

// The first rule that fits; none means refused, as by `reject`.
const HbaRule* match(const std::vector<HbaRule>& rules, const ConnectionFacts& facts, const HostFacts& host);

std::string_view name_of(AuthMethod method);  // as written in the file

}  // namespace howdah
