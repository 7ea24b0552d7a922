#include "pcp/connection.hpp"

#include "base/rng.hpp"
#include "pcp/failure.hpp"
#include "tests/pcp/wire_driver.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::pcp;

namespace {

ServerMessage error_in(const std::string& sent) {
  REQUIRE(sent.size() > kHeaderSize);
  REQUIRE(sent[0] == 'E');
  return parse_message(std::string_view(sent).substr(kHeaderSize));
}

std::string header(char letter, std::uint32_t length) {
  std::string bytes(1, letter);
  append_u32(bytes, length);
  return bytes;
}

}  // namespace

TEST_CASE("who is not logged in may do nothing but log in") {
  for (const Command& command : commands()) {
    FakeSurface surface;
    WireDriver driver(surface);
    driver.send(command.letter, "0");
    const auto error = error_in(driver.take_sent());
    CAPTURE(command.letter);
    CHECK(error.severity == "FATAL");
    CHECK(error.message == "authentication failed for new PCP connection");
    CHECK(error.detail == "connection not authorized");
    CHECK(driver.is_closed());
    CHECK(surface.orders.empty());
  }
}

TEST_CASE("a wrong password, an unknown user and a login without a salt are refused alike, and the connection ends") {
  const auto check_refused = [](WireDriver& driver, const std::string& user) {
    const std::string sent = driver.take_sent();
    const auto error = error_in(sent.substr(sent.find('E')));
    CHECK(error.severity == "FATAL");
    CHECK(error.message == "authentication failed for user \"" + user + "\"");
    CHECK(error.detail == "username and/or password does not match");
    CHECK(driver.is_closed());
  };
  FakeSurface surface;
  WireDriver wrong(surface);
  wrong.log_in("pcpuser", "guess");
  check_refused(wrong, "pcpuser");
  WireDriver unknown(surface);
  unknown.log_in("nobody", "pcppw");
  check_refused(unknown, "nobody");
  WireDriver saltless(surface);
  saltless.send('R', std::string("pcpuser\0x\0", 10));
  check_refused(saltless, "pcpuser");
}

TEST_CASE("a salt serves one attempt") {
  FakeSurface surface;
  WireDriver driver(surface);
  driver.log_in();
  CHECK_FALSE(driver.is_closed());
  std::string again;
  append_cstring(again, "pcpuser");
  append_cstring(again, login_answer(md5_hex("pcppw"), "pcpuser", kSalt));
  driver.send('R', again);
  CHECK(driver.is_closed());
}

TEST_CASE("lengths outside 4 to 259 and unknown letters end the connection with Pgpool's words") {
  struct Row {
    std::string bytes;
    std::string message;
    std::string detail;
  };
  const std::vector<Row> rows{
      {header('L', 0), "invalid PCP packet", "incorrect packet length (0)"},
      {header('L', 3), "invalid PCP packet", "incorrect packet length (3)"},
      {header('L', 260), "invalid PCP packet", "incorrect packet length (260)"},
      {header('L', 0xffffffff), "invalid PCP packet", "incorrect packet length (-1)"},
      {"GET / HTTP/1.1\r\n\r\n", "invalid PCP packet", "incorrect packet length (1163141167)"},
      {header('Q', 4), "PCP processing request", "unknown PCP packet type \"Q\""},
  };
  for (const Row& row : rows) {
    FakeSurface surface;
    WireDriver driver(surface);
    driver.log_in();
    driver.take_sent();
    driver.send(row.bytes);
    const auto error = error_in(driver.take_sent());
    CHECK(error.severity == "FATAL");
    CHECK(error.message == row.message);
    CHECK(error.detail == row.detail);
    CHECK(driver.is_closed());
  }
}

TEST_CASE("the longest allowed request is read") {
  FakeSurface surface;
  WireDriver driver(surface);
  driver.log_in();
  driver.take_sent();
  driver.send('I', std::string(255, '7'));
  CHECK(error_in(driver.take_sent()).message == "informing node info failed");
  CHECK_FALSE(driver.is_closed());
}

TEST_CASE("X ends the connection without an answer, also before the login") {
  FakeSurface surface;
  WireDriver driver(surface);
  driver.send('X', "");
  CHECK(driver.take_sent().empty());
  CHECK(driver.is_closed());
}

TEST_CASE("who does not log in in time is closed; who has logged in stays") {
  FakeSurface surface;
  WireDriver silent(surface);
  CHECK(silent.connection().next_deadline() == Instant{} + 60s);
  silent.tick(Instant{} + 59s);
  CHECK_FALSE(silent.is_closed());
  silent.tick(Instant{} + 60s);
  CHECK(silent.is_closed());
  WireDriver known(surface);
  known.log_in();
  CHECK_FALSE(known.connection().next_deadline().has_value());
  known.tick(Instant{} + 1h);
  CHECK_FALSE(known.is_closed());
}

TEST_CASE("requests sent together are answered in order, also when the first takes its time") {
  FakeSurface surface;
  surface.answers_later = true;
  WireDriver driver(surface);
  driver.log_in();
  driver.take_sent();
  std::string both;
  append_frame(both, 'C', std::string_view("2\0", 2));
  append_frame(both, 'L', "");
  driver.send(both);
  CHECK(driver.take_sent().empty());
  CHECK_FALSE(driver.connection().wants_bytes());
  REQUIRE(surface.open.size() == 1);
  surface.open.front()(Result<void>());
  const std::string sent = driver.take_sent();
  CHECK(sent[0] == 'c');
  CHECK(sent.at(21) == 'l');
}

TEST_CASE("an order the gateway refuses is an ERROR with its words, and the connection stays") {
  FakeSurface surface;
  surface.refusal = Error{ErrorCode::command_failed, "node 2 was not detached", "clients still use it", "try -D"};
  WireDriver driver(surface);
  driver.log_in();
  driver.take_sent();
  driver.send('d', std::string_view("2\0", 2));
  CHECK(surface.orders == std::vector<std::string>{"drain 2"});
  const auto error = error_in(driver.take_sent());
  CHECK(error.severity == "ERROR");
  CHECK(error.message == "node 2 was not detached");
  CHECK(error.detail == "clients still use it; try -D");
  CHECK_FALSE(driver.is_closed());
}

TEST_CASE("random bytes give errors and ends, never an order") {
  Rng rng(20261121);
  const std::string letters = "ABCDFGHIJLMNOPRTVWXZdjtQ\n";
  for (int round = 0; round < 2000; ++round) {
    FakeSurface surface;
    WireDriver driver(surface);
    std::string bytes;
    for (std::uint64_t i = rng.below(4); i > 0; --i) {
      std::string payload;
      for (std::uint64_t k = rng.below(40); k > 0; --k) payload.push_back(static_cast<char>(rng.below(256)));
      append_frame(bytes, letters[rng.below(letters.size())], payload);
      if (rng.chance(0.2)) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    }
    for (const char byte : bytes) driver.send(std::string(1, byte));
    CHECK(surface.orders.empty());
    CHECK_FALSE(driver.connection().is_logged_in());
  }
}

TEST_CASE("random payloads behind a login are answered or end the connection") {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    FakeSurface surface;
    WireDriver driver(surface);
    driver.log_in();
    driver.take_sent();
    std::string payload;
    for (std::uint64_t k = rng.below(60); k > 0; --k) payload.push_back(static_cast<char>(rng.below(256)));
    const Command& command = commands()[rng.below(commands().size())];
    driver.send(command.letter, payload);
    CHECK((command.reply == 0) == driver.take_sent().empty());
  }
}
