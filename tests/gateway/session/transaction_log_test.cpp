// What happens to a transaction as the log sees it. Whole outages are played in replay_test.cpp.
#include "gateway/session/transaction_log.hpp"

#include <catch2/catch.hpp>

#include "base/rng.hpp"
#include "gateway/wire/client_messages.hpp"

using namespace howdah;

namespace {

constexpr std::size_t kPlenty = 1 << 20;

std::string query(std::string_view sql) {
  std::string message;
  wire::append_query(message, sql);
  return message;
}

// One request and its whole answer. Returns what of it is news.
std::string serve(TransactionLog& log, std::string_view sql, std::string_view answer) {
  log.keep(as_bytes(query(sql)));
  std::string news(as_text(log.show(as_bytes(answer))));
  log.end_request();
  return news;
}

TransactionLog log_of_two() {
  TransactionLog log;
  log.open("BEGIN", kPlenty);
  CHECK(serve(log, "one", "answer one") == "answer one");
  CHECK(serve(log, "two", "answer two") == "answer two");
  return log;
}

}  // namespace

TEST_CASE("the checksum depends on the bytes, not on the pieces they come in") {
  Rng rng(1);
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(rng.below(256)));
  AnswerSum whole;
  whole.add(as_bytes(text));
  for (int round = 0; round < 200; ++round) {
    AnswerSum pieces;
    for (std::string_view left = text; !left.empty();) {
      const std::size_t count = std::min<std::size_t>(left.size(), rng.below(20));
      pieces.add(as_bytes(left.substr(0, count)));
      left.remove_prefix(count);
    }
    REQUIRE(pieces.value() == whole.value());
    REQUIRE(pieces.size() == text.size());
    std::string other = text;
    other[rng.below(text.size())] ^= static_cast<char>(1 << rng.below(8));
    AnswerSum changed;
    changed.add(as_bytes(other));
    REQUIRE(changed.value() != whole.value());
  }
  AnswerSum shorter, longer;
  shorter.add(as_bytes(std::string(7, '\0')));
  longer.add(as_bytes(std::string(8, '\0')));
  CHECK(shorter.value() != longer.value());
}

TEST_CASE("a transaction that comes out the same goes on where it was") {
  TransactionLog log = log_of_two();
  CHECK(log.begin() == "BEGIN");
  const auto again = log.rewind();
  CHECK(as_text(again) == query("one") + query("two"));
  CHECK(log.is_repeating());
  CHECK(serve(log, "one", "answer one").empty());
  CHECK(log.is_repeating());
  CHECK(serve(log, "two", "answer two").empty());
  CHECK_FALSE(log.is_repeating());
  CHECK_FALSE(log.has_diverged());
  CHECK(serve(log, "three", "answer three") == "answer three");
  CHECK(as_text(log.rewind()) == query("one") + query("two") + query("three"));
}

TEST_CASE("any other answer is noticed with the request it belongs to") {
  struct Row {
    const char* what;
    const char* first;
    const char* second;
    int noticed_at;
  };
  const Row row = GENERATE(Catch::Generators::values<Row>({
      {"another value", "answer ONE", "answer two", 1},
      {"a row less", "answer", "answer two", 1},
      {"a row more", "answer one, and more", "answer two", 1},
      {"all the same, cut elsewhere", "answer onean", "swer two", 1},
      {"the last one", "answer one", "answer TWO", 2},
      {"the last one, longer", "answer one", "answer two, and more", 2},
      {"nothing", "", "", 1},
  }));
  INFO(row.what);
  TransactionLog log = log_of_two();
  log.rewind();
  CHECK(serve(log, "one", row.first).empty());
  CHECK(log.has_diverged() == (row.noticed_at == 1));
  CHECK(serve(log, "two", row.second).empty());
  CHECK(log.has_diverged());
  CHECK(log.is_repeating());
}

TEST_CASE("an answer that was shown in part is gone on with from there") {
  TransactionLog log = log_of_two();
  log.keep(as_bytes(query("three")));
  CHECK_FALSE(log.is_answer_begun());
  log.show(as_bytes("row 1, ro"));
  CHECK(log.is_answer_begun());
  CHECK(log.answered() == 2);
  log.rewind();
  serve(log, "one", "answer one");
  serve(log, "two", "answer two");
  CHECK(log.is_repeating());
  log.keep(as_bytes(query("three")));
  SECTION("the same") {
    CHECK(log.show(as_bytes("row 1, ")).empty());
    CHECK(as_text(log.show(as_bytes("row 2, row 3"))) == "w 2, row 3");
    log.end_request();
    CHECK_FALSE(log.has_diverged());
    CHECK_FALSE(log.is_repeating());
  }
  SECTION("another") {
    CHECK(log.show(as_bytes("row 2, row 3")).empty());
    CHECK(log.has_diverged());
  }
  SECTION("shorter") {
    CHECK(log.show(as_bytes("row 1")).empty());
    log.end_request();
    CHECK(log.has_diverged());
  }
}

TEST_CASE("a server lost while the transaction is repeated changes nothing of what the client has got") {
  TransactionLog log = log_of_two();
  const auto first = log.rewind();
  CHECK(serve(log, "one", "answer one").empty());
  const auto second = log.rewind();
  CHECK(as_text(second) == query("one"));  // the rest had not been sent again
  CHECK(serve(log, "one", "answer one").empty());
  CHECK(log.is_repeating());
  CHECK(serve(log, "two", "answer two").empty());
  CHECK_FALSE(log.is_repeating());
  CHECK(log.answered() == 2);
}

TEST_CASE("what the client waits for is sent only when everything before it has turned out the same") {
  TransactionLog log = log_of_two();
  log.keep(as_bytes(query("three")));
  CHECK(log.may_send(1));
  log.rewind();
  CHECK(log.may_send(0));
  CHECK(log.may_send(1));
  CHECK_FALSE(log.may_send(2));
  serve(log, "one", "answer one");
  CHECK(log.may_send(0));
  CHECK_FALSE(log.may_send(1));
  serve(log, "two", "answer two");
  CHECK(log.may_send(0));
  CHECK(log.may_send(5));
}

TEST_CASE("nothing shown is nothing to compare") {
  TransactionLog log;
  log.open("", kPlenty);
  log.keep(as_bytes(query("one")));
  log.rewind();
  CHECK_FALSE(log.is_repeating());
  CHECK(serve(log, "one", "answer") == "answer");
}

TEST_CASE("a log that is too long, or meets an obstacle, is given up with the first reason") {
  TransactionLog log;
  log.open("BEGIN", 100);
  serve(log, "one", "answer one");
  CHECK(log.is_replayable());
  SECTION("long") {
    log.keep(as_bytes(query(std::string(100, 'x'))));
    log.give_up(ReplayObstacle::copy);
    CHECK(log.obstacle() == ReplayObstacle::too_long);
  }
  SECTION("obstacle") {
    log.give_up(ReplayObstacle::copy);
    CHECK(log.obstacle() == ReplayObstacle::copy);
  }
  CHECK_FALSE(log.is_replayable());
  log.close();
  log.open("BEGIN", 100);
  CHECK(log.is_replayable());
  CHECK(log.rewind().empty());
}

TEST_CASE("many small answers count, too") {
  TransactionLog log;
  log.open("BEGIN", 1000);
  while (log.is_replayable()) {
    serve(log, "", "a");
    REQUIRE(log.answered() < 200);
  }
  CHECK(log.obstacle() == ReplayObstacle::too_long);
}

TEST_CASE("what was taken back is not part of the log") {
  TransactionLog log = log_of_two();
  const std::string three = query("three");
  log.keep(as_bytes(three));
  log.take_back(three.size());
  CHECK(as_text(log.rewind()) == query("one") + query("two"));
}

TEST_CASE("the requests of a log are found by what ends them") {
  std::string messages = query("one");
  const std::size_t one = messages.size();
  wire::append_parse(messages, "", "two");
  wire::append_sync(messages);
  const std::size_t two = messages.size();
  messages += query("three");
  CHECK(size_of_requests(as_bytes(messages), 0) == 0);
  CHECK(size_of_requests(as_bytes(messages), 1) == one);
  CHECK(size_of_requests(as_bytes(messages), 2) == two);
  CHECK(size_of_requests(as_bytes(messages), 3) == messages.size());
  CHECK(size_of_requests(as_bytes(messages), 4) == messages.size());
}

TEST_CASE("a request whose answer goes on otherwise than it began is not one whose whole answer was shown") {
  TransactionLog log = log_of_two();
  log.keep(as_bytes(query("three")));
  log.show(as_bytes(std::string_view("it began")));
  log.rewind();
  for (const char* one : {"one", "two"}) serve(log, one, std::string("answer ") + one);
  serve(log, "three", "something else");
  CHECK(log.has_diverged());
  CHECK(log.answered() == 2);
  CHECK(log.is_answer_begun());
}
