#include "conf/hba.hpp"

#include "conf/hba_fields.hpp"
#include "conf/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace howdah {

using namespace conf;

namespace {

template <typename Value>
struct NameRow {
  std::string_view name;
  Value value;
};

constexpr auto kConnections = std::to_array<NameRow<HbaConnection>>({{"local", HbaConnection::local},
                                                                     {"host", HbaConnection::host},
                                                                     {"hostssl", HbaConnection::hostssl},
                                                                     {"hostnossl", HbaConnection::hostnossl}});

// In the order of AuthMethod.
constexpr auto kMethods = std::to_array<NameRow<AuthMethod>>({{"trust", AuthMethod::trust},
                                                              {"reject", AuthMethod::reject},
                                                              {"password", AuthMethod::password},
                                                              {"md5", AuthMethod::md5},
                                                              {"scram-sha-256", AuthMethod::scram_sha_256},
                                                              {"cert", AuthMethod::cert}});

// What PostgreSQL or Pgpool know and Howdah does not, with what to do.
constexpr auto kMissingMethods = std::to_array<NameRow<std::string_view>>({
    {"pam", "use scram-sha-256 with pool_passwd, or password"},
    {"ldap", "use scram-sha-256 with pool_passwd, or password"},
    {"gss", "use scram-sha-256"},
    {"sspi", "use scram-sha-256"},
    {"ident", "use scram-sha-256"},
    {"peer", "use scram-sha-256"},
    {"radius", "use scram-sha-256 with pool_passwd, or password"},
});

template <typename Table>
auto find_row(const Table& table, std::string_view name) -> const typename Table::value_type* {
  const auto row = std::find_if(table.begin(), table.end(), [name](const auto& r) { return r.name == name; });
  return row == table.end() ? nullptr : &*row;
}

class HbaReader {
 public:
  HbaReader(const std::string& path, const FileReader& read) : names_(path, read), place_{path, 0} {}

  HbaRules read(std::string_view text) {
    for (const std::string_view line : lines_of(text)) {
      ++place_.line;
      problem_.clear();
      const auto fields = split_hba_line(line, problem_);
      if (!problem_.empty())
        fail();
      else if (!fields.empty())
        read_rule(fields);
    }
    return std::move(out_);
  }

 private:
  void read_rule(const std::vector<HbaField>& fields) {
    HbaRule rule;
    rule.place = place_;
    const auto* connection = single_word(fields[0]) ? find_row(kConnections, fields[0][0].text) : nullptr;
    if (!connection) {
      problem_ = fmt::format("local, host, hostssl or hostnossl is expected, not \"{}\"", shown(fields[0][0].text));
      return fail();
    }
    rule.connection = connection->value;
    if (fields.size() < 3) {
      problem_ = "database and user are expected";
      return fail();
    }
    rule.databases = names_.databases(fields[1], problem_);
    rule.users = names_.users(fields[2], problem_);
    std::size_t next = 3;
    if (rule.connection != HbaConnection::local && problem_.empty()) rule.address = take_address(fields, next);
    if (problem_.empty()) rule.method = take_method(fields, next);
    if (problem_.empty() && rule.method == AuthMethod::cert && rule.connection != HbaConnection::hostssl)
      problem_ = "cert needs hostssl";
    if (problem_.empty()) take_options(fields, next);
    if (!problem_.empty()) return fail();
    out_.rules.push_back(std::move(rule));
  }

  HbaAddress take_address(const std::vector<HbaField>& fields, std::size_t& next) {
    if (next >= fields.size()) return bad_address("an address is expected");
    if (!single_word(fields[next])) return bad_address("one address is expected, not a list");
    const HbaWord& word = fields[next++][0];
    if (!word.is_quoted) {
      if (word.text == "all") return HbaKeyword::all;
      if (word.text == "samehost") return HbaKeyword::samehost;
      if (word.text == "samenet") return HbaKeyword::samenet;
    }
    const auto slash = word.text.find('/');
    const auto ip = parse_ip(std::string_view(word.text).substr(0, slash));
    if (slash != std::string::npos) return with_prefix(word.text, ip, std::string_view(word.text).substr(slash + 1));
    if (!ip) return HbaHostName{lower_case(word.text)};
    return with_mask(*ip, fields, next);
  }

  HbaAddress with_prefix(const std::string& text, const std::optional<IpAddress>& ip, std::string_view bits) {
    int count = -1;
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), count);
    const bool is_number = error == std::errc{} && end == bits.data() + bits.size();
    const auto range = ip && is_number ? make_range(*ip, count) : std::nullopt;
    if (!range) return bad_address(fmt::format("\"{}\" is not an address with a prefix length", shown(text)));
    return *range;
  }

  HbaAddress with_mask(const IpAddress& ip, const std::vector<HbaField>& fields, std::size_t& next) {
    const bool has_mask = next < fields.size() && single_word(fields[next]);
    const auto mask = has_mask ? parse_ip(fields[next][0].text) : std::nullopt;
    if (!mask) return bad_address("the address needs a prefix length (/32) or a mask");
    ++next;
    const auto range = make_range(ip, *mask);
    if (!range) return bad_address("address and mask are of different kinds");
    return *range;
  }

  HbaAddress bad_address(std::string problem) {
    problem_ = std::move(problem);
    return HbaKeyword::all;
  }

  AuthMethod take_method(const std::vector<HbaField>& fields, std::size_t& next) {
    std::string_view word;
    if (next < fields.size() && single_word(fields[next])) word = fields[next][0].text;
    ++next;
    if (const auto* method = find_row(kMethods, word)) return method->value;
    if (const auto* missing = find_row(kMissingMethods, word))
      problem_ = fmt::format("the method \"{}\" is not supported; {}", word, missing->value);
    else
      problem_ = fmt::format("a method is expected (trust, reject, password, md5, scram-sha-256, cert), not \"{}\"",
                             shown(word));
    return AuthMethod::reject;
  }

  // name=value words. Of the methods here, none has one that Pgpool knows; PostgreSQL's are named, not guessed at.
  void take_options(const std::vector<HbaField>& fields, std::size_t next) {
    if (next < fields.size()) problem_ = fmt::format("the option \"{}\" is not supported", shown(fields[next][0].text));
  }

  void fail() { out_.findings.push_back({FindingKind::syntax, FindingLevel::error, place_, problem_}); }

  HbaNameReader names_;
  Place place_;
  std::string problem_ = {};
  HbaRules out_ = {};
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "all" does not cover physical replication (PostgreSQL manual, "The pg_hba.conf File").
bool fits_database(const HbaNames& databases, const ConnectionFacts& facts) {
  if (facts.is_replication) return databases.is_replication;
  return databases.is_all || (databases.is_sameuser && facts.database == facts.user) ||
         contains(databases.names, facts.database);
}

bool fits_user(const HbaNames& users, std::string_view user) { return users.is_all || contains(users.names, user); }

bool fits_connection(HbaConnection connection, const ConnectionFacts& facts) {
  switch (connection) {
    case HbaConnection::local:
      return facts.is_local;
    case HbaConnection::host:
      return !facts.is_local;
    case HbaConnection::hostssl:
      return !facts.is_local && facts.is_tls;
    case HbaConnection::hostnossl:
      return !facts.is_local && !facts.is_tls;
  }
  return false;
}

bool fits_own_networks(HbaKeyword keyword, const IpAddress& address, const HostFacts& host) {
  return std::any_of(host.own_networks.begin(), host.own_networks.end(), [&](const IpRange& network) {
    return keyword == HbaKeyword::samehost ? network.address == address : network.contains(address);
  });
}

bool fits_host_name(const HbaHostName& wanted, const IpAddress& address, const HostFacts& host) {
  if (!host.name_of) return false;
  const auto known = host.name_of(address);
  if (!known) return false;
  const std::string name = lower_case(*known);
  return wanted.name.starts_with('.') ? name.ends_with(wanted.name) : name == wanted.name;
}

bool fits_address(const HbaRule& rule, const ConnectionFacts& facts, const HostFacts& host) {
  if (rule.connection == HbaConnection::local) return true;
  if (!facts.address) return false;
  if (const auto* keyword = std::get_if<HbaKeyword>(&rule.address))
    return *keyword == HbaKeyword::all || fits_own_networks(*keyword, *facts.address, host);
  if (const auto* range = std::get_if<IpRange>(&rule.address)) return range->contains(*facts.address);
  return fits_host_name(std::get<HbaHostName>(rule.address), *facts.address, host);
}

}  // namespace

HbaRules parse_hba(std::string_view text, const std::string& path, const FileReader& read) {
  return HbaReader(path, read).read(text);
}

const HbaRule* match(const std::vector<HbaRule>& rules, const ConnectionFacts& facts, const HostFacts& host) {
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const HbaRule& r) {
    return fits_connection(r.connection, facts) && fits_database(r.databases, facts) &&
           fits_user(r.users, facts.user) && fits_address(r, facts, host);
  });
  return rule == rules.end() ? nullptr : &*rule;
}

std::string_view name_of(AuthMethod method) { return kMethods[static_cast<std::size_t>(method)].name; }

}  // namespace howdah
