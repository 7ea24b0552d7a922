// The fuzzers' entry points on random bytes and on mutated good files: nothing may crash, and whatever is refused is
// refused with a finding. Seeded, so a failure is the same everywhere.
#include "base/rng.hpp"
#include "conf/hba.hpp"
#include "conf/users.hpp"
#include "conf/value.hpp"
#include "conf/walk.hpp"
#include "tests/conf/load_support.hpp"

#include <catch2/catch.hpp>

namespace howdah {

namespace {

constexpr std::string_view kLikely = "'\"\\#=,;:@/.%$\n\r\t 0123456789abcxyzON|()[]*";

std::string random_text(Rng& rng, std::size_t longest) {
  std::string text(rng.below(longest), '\0');
  for (char& c : text) c = rng.chance(0.7) ? kLikely[rng.below(kLikely.size())] : static_cast<char>(rng.below(256));
  return text;
}

std::string mutated(std::string text, Rng& rng) {
  for (std::uint64_t i = rng.below(20); i > 0 && !text.empty(); --i) {
    const std::size_t at = rng.below(text.size());
    if (rng.chance(0.5))
      text[at] = kLikely[rng.below(kLikely.size())];
    else
      text.erase(at, rng.below(10));
  }
  return text;
}

// Every value taken can be written and read again.
void check_written_values(const Settings& settings) {
  for_each_param(settings,
                 ConstParamVisitor([](const ParamBase& param) { CHECK_FALSE(param.text(TextStyle::file).empty()); }));
}

}  // namespace

TEST_CASE("random configuration text never crashes, and what is not whole says so") {
  Rng rng(20260101);
  const std::string good = read_test_file("debian.conf");
  for (int round = 0; round < 150; ++round) {
    const Loaded loaded = load_text(round % 2 ? mutated(good, rng) : random_text(rng, 400));
    CHECK((loaded.is_whole || has_errors(loaded.findings)));
    CHECK((loaded.rejected.empty() || has_errors(loaded.findings)));
    if (round % 10 == 0) check_written_values(loaded.settings);
  }
}

TEST_CASE("random values never crash any parameter, and a refused one changes nothing") {
  Rng rng(7);
  Settings settings;
  add_node(settings, NodeId{0});
  for (int round = 0; round < 40; ++round) {
    for_each_param(settings, ParamVisitor([&](ParamBase& param) {
                     const std::string before = param.text(TextStyle::file);
                     if (!param.assign(random_text(rng, 24)).has_value()) CHECK(param.text(TextStyle::file) == before);
                   }));
  }
}

TEST_CASE("random pool_hba.conf text never crashes, and every rule has a method and a place") {
  Rng rng(11);
  const std::string good = "local all all trust\nhost \"a b\",c @f 10.0.0.0/8 md5\nhostssl all all ::1/128 cert\n";
  const TextFiles files{{{"/f", "x,y\n@f\n"}}};
  for (int round = 0; round < 500; ++round) {
    const HbaRules rules = parse_hba(round % 2 ? mutated(good, rng) : random_text(rng, 300), "/h", files.reader());
    for (const HbaRule& rule : rules.rules) CHECK(rule.place.line > 0);
    const ConnectionFacts facts{.address = parse_ip("10.0.0.1"), .database = "a b", .user = "x"};
    match(rules.rules, facts, {});
  }
}

TEST_CASE("random user files never crash, and no password is empty") {
  Rng rng(13);
  const std::string good = "a:TEXTx\nb:AESdMZZjhvphPOJ627JzXNfBg==\nc:md5abcdef0123456789abcdef0123456789\n";
  for (int round = 0; round < 500; ++round) {
    const std::string text = round % 2 ? mutated(good, rng) : random_text(rng, 300);
    for (const auto& [user, password] : parse_pool_passwd(text, "p", "mykey").users) CHECK_FALSE(user.empty());
    for (const auto& [user, digest] : parse_pcp_conf(text, "p").md5_of) CHECK(digest.size() == 32);
  }
}

}  // namespace howdah
