// What PostgreSQL does is compared with in e2e/test_session_state.py; here is each rule by itself.
#include "gateway/session/settings_journal.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace howdah;

namespace {

// What setting x is in the end, to the session and on the server.
struct Journaled {
  std::string session;
  std::string server;
};

// A session in words: "set 1", "reset", "savepoint s", "release s", "rollback_to s", "COMMIT", "ROLLBACK"; I, T and E end
// a request with that status ("!": after an error).
Journaled play(const std::string& words, const char* startup = nullptr) {
  using enum SessionStepKind;
  const auto first = startup == nullptr ? nullptr : make_settings({{"x", startup}});
  SettingsJournal journal(first);
  CarriedSettingsPtr applied = first;
  std::istringstream in(words);
  for (std::string word; in >> word;) {
    std::string name;
    const auto take = [&](SessionStepKind kind, std::string_view tag) {
      journal.take({.kind = kind, .name = name}, tag, applied);
    };
    if (word == "set") in >> name, journal.take({.name = "x", .value = name}, "SET", applied);
    if (word == "reset") name = "x", take(reset, "RESET");
    if (word == "savepoint") in >> name, take(savepoint, "SAVEPOINT");
    if (word == "release") in >> name, take(release, "RELEASE");
    if (word == "rollback_to") in >> name, take(rollback_to, "ROLLBACK");
    if (word == "COMMIT" || word == "ROLLBACK") take(end, word);
    if (word[0] == 'I' || word[0] == 'T' || word[0] == 'E')
      journal.end_request(static_cast<wire::TransactionStatus>(word[0]), word.ends_with('!'), applied);
  }
  const auto text = [](const CarriedSettingsPtr& settings) {
    const std::string* value = find_setting(settings.get(), "x");
    return value == nullptr ? std::string("-") : *value;
  };
  return {text(journal.settings()), text(applied)};
}

}  // namespace

TEST_CASE("a setting counts when its transaction is committed, as far as no savepoint has taken it back") {
  struct Row {
    const char* words;
    const char* value;
  };
  const Row row = GENERATE(Catch::Generators::values<Row>({
      {"set 1 I", "1"},
      {"set 1 I!", "-"},
      {"set 1 COMMIT I!", "1"},
      {"set 1 ROLLBACK set 2 I", "2"},
      {"T set 1 T", "-"},
      {"T set 1 T COMMIT I", "1"},
      {"T set 1 T E! ROLLBACK I", "-"},
      {"set 1 I T set 2 T set 3 T ROLLBACK I", "1"},
      {"T set 1 T savepoint s T set 2 T rollback_to s T COMMIT I", "1"},
      {"T set 1 T savepoint s T set 2 T E! rollback_to s T COMMIT I", "1"},
      {"T savepoint s T set 2 T release s T COMMIT I", "2"},
      {"T savepoint s T set 2 T release s T ROLLBACK I", "-"},
      {"T savepoint a set 1 savepoint b set 2 savepoint a set 3 rollback_to a COMMIT I", "2"},
      {"T savepoint a set 1 savepoint a set 2 release a rollback_to a COMMIT I", "-"},
      {"T savepoint a set 1 savepoint b set 2 release a COMMIT I", "2"},
      {"T savepoint a set 1 rollback_to a set 2 rollback_to a COMMIT I", "-"},
      {"set 1 I reset I", "-"},
      {"T set 1 COMMIT T set 2 T ROLLBACK I", "1"},
  }));
  INFO(row.words);
  CHECK(play(row.words).session == row.value);
  CHECK(play(row.words).server == row.value);
}

TEST_CASE("what the server makes of a value is carried instead, unless it is not the session's") {
  const auto startup = make_settings({{"x", "start"}});
  SettingsJournal journal(startup);
  CarriedSettingsPtr applied = startup;
  journal.note_reported("x", "start, whole", applied);
  CHECK(*find_setting(journal.settings().get(), "x") == "start, whole");
  CHECK(applied == journal.settings());
  applied = nullptr;
  journal.note_reported("x", "the server's", applied);
  CHECK(*find_setting(journal.settings().get(), "x") == "start, whole");
}

TEST_CASE("after a RESET the session is back at its start-up's value, the server at its own") {
  CHECK(play("set 1 I reset I", "start").session == "start");
  CHECK(play("set 1 I reset I", "start").server == "-");
  CHECK(play("T reset T ROLLBACK I", "start").server == "start");
}

TEST_CASE("what a RESET has taken from the server and not from the client is known until it is put back") {
  SettingsJournal journal(make_settings({{"x", "start"}, {"y", "other"}}));
  CarriedSettingsPtr applied = journal.settings();
  CHECK_FALSE(journal.is_taken_from_startup("x", applied));
  journal.take({.name = "x", .value = "1"}, "SET", applied);
  CHECK_FALSE(journal.is_taken_from_startup("x", applied));
  journal.take({.kind = SessionStepKind::reset, .name = "x"}, "RESET", applied);
  CHECK(journal.is_taken_from_startup("x", applied));
  CHECK_FALSE(journal.is_taken_from_startup("y", applied));
  journal.end_request(wire::TransactionStatus::idle, false, applied);
  CHECK(journal.is_taken_from_startup("x", applied));
  applied = journal.settings();
  CHECK_FALSE(journal.is_taken_from_startup("x", applied));
}

TEST_CASE("inside a transaction the start-up's value is put back with a Query, which ends with the transaction, too") {
  SettingsJournal journal(make_settings({{"x", "start"}}));
  CarriedSettingsPtr applied = journal.settings();
  journal.take({.kind = SessionStepKind::reset, .name = "x"}, "RESET", applied);
  REQUIRE(journal.must_put_back());
  CHECK(journal.put_back(applied) == std::vector<std::string>{R"(SET "x" TO E'start';)"});
  CHECK_FALSE(journal.must_put_back());
  journal.take({.kind = SessionStepKind::end}, "COMMIT", applied);
  CHECK(applied == journal.settings());
  CHECK(*find_setting(applied.get(), "x") == "start");
}

TEST_CASE("what a RESET takes of the start-up's settings is told, the role only if it is named") {
  const SettingsJournal journal(make_settings({{"role", "r"}, {"x", "start"}}));
  const auto names = [&](const SessionStep& step) {
    std::string all;
    for (const SessionStep& set : journal.startup_of(step)) all += set.name + "=" + set.value + " ";
    return all;
  };
  CHECK(names({.kind = SessionStepKind::reset, .name = "x"}) == "x=start ");
  CHECK(names({.kind = SessionStepKind::reset, .name = "y"}) == "");
  CHECK(names({.kind = SessionStepKind::reset, .name = "role"}) == "role=r ");
  CHECK(names({.kind = SessionStepKind::reset_all}) == "x=start ");
  CHECK(names({.kind = SessionStepKind::set, .name = "x", .value = "z"}) == "");
}
