#include "gateway/session/carried_settings.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

using Queries = std::vector<std::string>;
using enum SessionStepKind;

CarriedSettingsPtr settings(std::vector<CarriedSetting> values) { return make_settings(std::move(values)); }

Queries change(const CarriedSettingsPtr& from, const CarriedSettingsPtr& to) { return settings_change(from.get(), to.get()); }

}  // namespace

TEST_CASE("only what differs is changed, and values cannot leave their quotes") {
  const auto old_ones = settings({{"a", "1"}, {"b", "2"}, {"x.y.z", "3"}});
  const auto new_ones = settings({{"a", "1"}, {"b", "it's \\ here"}});
  CHECK(change(old_ones, old_ones).empty());
  CHECK(change(old_ones, new_ones) == Queries{R"(RESET "x"."y"."z";SET "b" TO E'it''s \\ here';)"});
  CHECK(change(nullptr, nullptr).empty());
  CHECK(same_settings(old_ones.get(), settings({{"a", "1"}, {"b", "2"}, {"x.y.z", "3"}}).get()));
  CHECK_FALSE(same_settings(old_ones.get(), nullptr));
  CHECK_FALSE(same_settings(old_ones.get(), new_ones.get()));
}

TEST_CASE("a list of names is given element by element, its text to set_config") {
  const auto elements = settings({{"search_path", R"("a", "B""c'", "")", true}});
  CHECK(change(nullptr, elements) == Queries{R"(SET "search_path" TO E'a', E'B"c''', E'';)"});
  const auto text = settings({{"search_path", "a, b"}});
  CHECK(change(nullptr, text) == Queries{"SELECT pg_catalog.set_config(E'search_path', E'a, b', false);"});
  CHECK_FALSE(same_settings(elements.get(), text.get()));
}

TEST_CASE("a date style is not mixed with the one before it") {
  CHECK(change(settings({{"datestyle", "ISO, DMY"}}), settings({{"datestyle", "sql"}})) ==
        Queries{R"(RESET "datestyle";SET "datestyle" TO E'sql';)"});
}

TEST_CASE("the others are changed with the rights of the user who logged in, so a role is put off first and on last") {
  const auto plain = settings({{"work_mem", "1"}});
  const auto boss = settings({{"role", "boss"}, {"work_mem", "1"}});
  const auto clerk = settings({{"role", "clerk"}, {"work_mem", "2"}});
  CHECK(change(plain, boss) == Queries{R"(SET "role" TO E'boss';)"});
  CHECK(change(boss, plain) == Queries{R"(RESET "role";)"});
  CHECK(change(boss, clerk) == Queries{R"(SET "role" TO E'none';SET "work_mem" TO E'2';SET "role" TO E'clerk';)"});
  CHECK(change(boss, settings({{"role", "boss"}})) ==
        Queries{R"(SET "role" TO E'none';RESET "work_mem";SET "role" TO E'boss';)"});
  CHECK(change(settings({{"role", "none"}}), plain) == Queries{R"(SET "work_mem" TO E'1';RESET "role";)"});
}

TEST_CASE("text that is not ASCII is sent after its encoding has been set, in a Query of its own") {
  const auto plain = settings({{"client_encoding", "latin1"}, {"work_mem", "1"}});
  CHECK(change(nullptr, plain).size() == 1);
  const auto umlaut = settings({{"client_encoding", "latin1"}, {"my.name", "M\xfcller"}});
  CHECK(change(nullptr, umlaut) ==
        Queries{R"(SET "client_encoding" TO E'latin1';)", "SET \"my\".\"name\" TO E'M\xfcller';"});
  CHECK(has_only_ascii(plain.get()));
  CHECK_FALSE(has_only_ascii(umlaut.get()));
}

TEST_CASE("what is reset goes back to what the client asked for at start-up") {
  const auto startup = settings({{"a", "start"}, {"role", "first"}});
  const auto after = [&](const CarriedSettingsPtr& from, std::vector<SessionStep> steps) {
    const auto result = settings_after(from, steps, startup.get());
    return result ? result->values : std::vector<CarriedSetting>{};
  };
  using Values = std::vector<CarriedSetting>;
  const auto changed = settings({{"a", "1"}, {"b", "2"}, {"role", "second"}});
  CHECK(after(startup, {{.kind = set, .name = "b", .value = "2"}, {.kind = set, .name = "a", .value = "1"}}) ==
        Values{{"a", "1"}, {"b", "2"}, {"role", "first"}});
  CHECK(after(changed, {{.kind = reset, .name = "a"}, {.kind = reset, .name = "b"}}) == Values{{"a", "start"}, {"role", "second"}});
  CHECK(after(changed, {{.kind = reset_all}}) == Values{{"a", "start"}, {"role", "second"}});
  CHECK(after(settings({{"b", "2"}}), {{.kind = reset_all}}) == Values{{"a", "start"}});
  CHECK(after(changed, {{.kind = discard_all}}) == startup->values);
}
