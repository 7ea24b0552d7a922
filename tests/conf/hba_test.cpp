#include "conf/hba.hpp"

#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

HbaRules parse_hba(const std::string& text, const TextFiles& files = {}) {
  return parse_hba(text, "/etc/pool_hba.conf", files.reader());
}

struct Who {
  const char* address = nullptr;  // nothing: Unix socket
  const char* database = "db";
  const char* user = "alice";
  bool is_tls = false;
  bool is_replication = false;
};

HostFacts host_facts() {
  HostFacts facts;
  facts.own_networks = {*make_range(*parse_ip("192.0.2.1"), 24), *make_range(*parse_ip("2001:db8::1"), 64)};
  facts.name_of = [](const IpAddress& address) -> std::optional<std::string> {
    if (address == parse_ip("10.0.0.9")) return "App1.Example.org";
    return std::nullopt;
  };
  return facts;
}

std::string method_for(const HbaRules& rules, const Who& who) {
  ConnectionFacts facts{.is_local = !who.address,
                        .is_tls = who.is_tls,
                        .database = who.database,
                        .user = who.user,
                        .is_replication = who.is_replication};
  if (who.address) facts.address = parse_ip(who.address);
  const HbaRule* rule = match(rules.rules, facts, host_facts());
  return rule ? std::string(name_of(rule->method)) : "none";
}

}  // namespace

TEST_CASE("the first rule that fits decides") {
  struct Row {
    const char* rules;
    Who who;
    const char* method;
  };
  const Row rows[] = {
      {"local all all trust", {}, "trust"},
      {"local all all trust", {"10.0.0.1"}, "none"},
      {"host all all all md5", {}, "none"},
      {"host all all 10.0.0.0/8 md5", {"10.255.0.1"}, "md5"},
      {"host all all 10.0.0.0/8 md5", {"11.0.0.1"}, "none"},
      {"host all all 10.0.0.0 255.0.0.0 md5", {"10.9.9.9"}, "md5"},
      {"host all all 10.0.0.1/32 reject\nhost all all 0.0.0.0/0 scram-sha-256", {"10.0.0.1"}, "reject"},
      {"host all all 10.0.0.1/32 reject\nhost all all 0.0.0.0/0 scram-sha-256", {"10.0.0.2"}, "scram-sha-256"},
      {"host all all 0.0.0.0/0 md5", {"::1"}, "none"},
      {"host all all ::/0 md5", {"10.0.0.1"}, "none"},
      {"host all all 10.0.0.0/8 md5", {"::ffff:10.1.1.1"}, "md5"},
      {"host all all fe80::/10 md5", {"fe80::1%eth0"}, "md5"},
      {"host all all 2001:db8::1 ffff:ffff:: md5", {"2001:db8:1::9"}, "md5"},
      {"hostssl all all all cert", {"10.0.0.1", "db", "alice", true}, "cert"},
      {"hostssl all all all cert", {"10.0.0.1", "db", "alice", false}, "none"},
      {"hostnossl all all all password", {"10.0.0.1", "db", "alice", false}, "password"},
      {"hostnossl all all all password", {"10.0.0.1", "db", "alice", true}, "none"},
      {"local db alice trust", {}, "trust"},
      {"local other alice trust", {}, "none"},
      {"local db,other alice,bob trust", {nullptr, "other", "bob"}, "trust"},
      {"local db , other alice trust", {nullptr, "other"}, "trust"},
      {"local sameuser all trust", {nullptr, "alice", "alice"}, "trust"},
      {"local sameuser all trust", {nullptr, "db", "alice"}, "none"},
      {"local \"all\" all trust", {}, "none"},
      {"local \"all\" all trust", {nullptr, "all"}, "trust"},
      {"local all \"all\" trust", {nullptr, "db", "all"}, "trust"},
      {"local \"my db\" all trust", {nullptr, "my db"}, "trust"},
      {"local \"a\"\"b\" all trust", {nullptr, "a\"b"}, "trust"},
      {"local all all trust", {nullptr, "db", "alice", false, true}, "none"},
      {"local replication all trust", {nullptr, "db", "alice", false, true}, "trust"},
      {"local replication all trust", {nullptr, "replication"}, "none"},
      {"local \"replication\" all trust", {nullptr, "replication"}, "trust"},
      {"host all all samehost md5", {"192.0.2.1"}, "md5"},
      {"host all all samehost md5", {"192.0.2.2"}, "none"},
      {"host all all samenet md5", {"192.0.2.2"}, "md5"},
      {"host all all samenet md5", {"2001:db8::77"}, "md5"},
      {"host all all samenet md5", {"192.0.3.2"}, "none"},
      {"host all all app1.example.org md5", {"10.0.0.9"}, "md5"},
      {"host all all .example.ORG md5", {"10.0.0.9"}, "md5"},
      {"host all all .ample.org md5", {"10.0.0.9"}, "none"},
      {"host all all app1.example.org md5", {"10.0.0.8"}, "none"},
      {"", {}, "none"},
  };
  for (const Row& row : rows) {
    INFO(row.rules);
    const HbaRules rules = parse_hba(row.rules);
    CHECK(said(rules.findings).empty());
    CHECK(method_for(rules, row.who) == row.method);
  }
}

TEST_CASE("every mistake is told with its line, and the other lines are read") {
  struct Row {
    const char* line;
    const char* said;
  };
  constexpr Row kRows[] = {
      {"remote all all trust", "local, host, hostssl or hostnossl is expected, not \"remote\""},
      {"\"local\"x all all trust", "local, host, hostssl or hostnossl is expected"},
      {"local", "database and user are expected"},
      {"local all", "database and user are expected"},
      {"local all all", "a method is expected"},
      {"local all all truts", "not \"truts\""},
      {"local all all trust,md5", "a method is expected"},
      {"host all all", "an address is expected"},
      {"host all all 10.0.0.1", "needs a prefix length (/32) or a mask"},
      {"host all all 10.0.0.1 md5", "needs a prefix length"},
      {"host all all 10.0.0.1/33 md5", "\"10.0.0.1/33\" is not an address with a prefix length"},
      {"host all all 10.0.0/24 md5", "is not an address with a prefix length"},
      {"host all all 10.0.0.1/ md5", "is not an address with a prefix length"},
      {"host all all 10.0.0.1/-1 md5", "is not an address with a prefix length"},
      {"host all all ::1/129 md5", "is not an address with a prefix length"},
      {"host all all 10.0.0.1 ffff:: md5", "address and mask are of different kinds"},
      {"host all all a,b md5", "one address is expected, not a list"},
      {"host all +admins all md5", "\"+admins\": groups are not supported"},
      {"host samerole all all md5", "\"samerole\" is not supported"},
      {"host all all all pam", "the method \"pam\" is not supported; use scram-sha-256"},
      {"host all all all ldap ldapserver=x", "the method \"ldap\" is not supported"},
      {"host all all all cert", "cert needs hostssl"},
      {"host all all all md5 clientcert=verify-full", "the option \"clientcert=verify-full\" is not supported"},
      {"local all \"alice trust", "a double quote is not closed"},
      {",local all all trust", "a name is expected before the comma"},
      {"local all alice,", "a name is expected after the comma"},
      {"local @none all trust", "cannot read \"none\""},
  };
  for (const Row& row : kRows) {
    INFO(row.line);
    const HbaRules rules =
        parse_hba(std::string("# comment\nlocal a a trust\n") + row.line + "\nlocal b b trust # end\r\n");
    REQUIRE(rules.findings.size() == 1);
    CHECK(to_text(rules.findings[0]).starts_with("/etc/pool_hba.conf:3: error: "));
    CHECK(rules.findings[0].message.find(row.said) != std::string::npos);
    REQUIRE(rules.rules.size() == 2);
    CHECK(rules.rules[1].place.line == 4);
  }
}

TEST_CASE("@file holds names, in its own lines, and more @files") {
  const TextFiles files{{{"/etc/dbs", "one, two\nthree # four\n@more\n"}, {"/etc/more", "five\n"}, {"/abs", "bob\n"}}};
  const HbaRules rules = parse_hba("local @dbs,six @/abs trust\n", files);
  CHECK(said(rules.findings).empty());
  CHECK(rules.rules.at(0).databases.names == std::vector<std::string>{"one", "two", "three", "five", "six"});
  CHECK(rules.rules.at(0).users.names == std::vector<std::string>{"bob"});
}

TEST_CASE("files of names that name themselves end") {
  const TextFiles files{{{"/etc/loop", "@loop @loop\n@loop\n"}}};
  const HbaRules rules = parse_hba("local @loop all trust\n", files);
  REQUIRE(rules.findings.size() == 1);
  CHECK(rules.findings[0].message.find("too many files in files") != std::string::npos);
}

}  // namespace howdah
