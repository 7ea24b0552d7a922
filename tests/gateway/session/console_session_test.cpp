#include "gateway/session/console_session.hpp"

#include <catch2/catch.hpp>

#include "gateway/session/result_format.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "tests/support/gateway/wire_transcript.hpp"

using namespace howdah;
using namespace howdah::test;

namespace {

// One client of the console; what it asks is answered when the test says so.
struct Console {
  Console() {
    surroundings.console_version = "1.25.2/bouncer";
    happens(session::LoggedIn{});
  }

  void happens(const session::Event& event) {
    Actions<session::Action> actions;
    machine.on(event, Instant{} + 1s, actions);
    for (const session::Action& action : actions) {
      if (const auto* to = std::get_if<session::ToClient>(&action)) received.append(as_text(to->bytes));
      if (const auto* asked_now = std::get_if<session::AskLocal>(&action)) asked.push_back(asked_now->command);
      if (std::get_if<session::WithdrawLocal>(&action) != nullptr) ++withdrawn;
      if (const auto* closing = std::get_if<session::CloseClient>(&action)) closed = closing->reason;
      CHECK(std::get_if<session::WantLease>(&action) == nullptr);
    }
  }
  void send_bytes(std::string_view bytes, std::size_t chunk = std::string_view::npos) {
    for (std::size_t at = 0; at < bytes.size(); at += std::min(chunk, bytes.size() - at))
      happens(session::ClientBytes{as_bytes(bytes.substr(at, chunk))});
  }
  void send(const std::vector<const char*>& messages, std::size_t chunk = std::string_view::npos) {
    std::string bytes;
    for (const char* message : messages) bytes += encode(message);
    send_bytes(bytes, chunk);
  }
  // Tags since the last call.
  std::string tags() {
    std::string out;
    for (const ServerMessage& message : split(std::exchange(received, {}))) out += message.tag;
    return out;
  }

  ParseCache parse_cache{std::make_shared<RoutingOptions>(), 1 << 10};
  StatementCatalog catalog{0, 10};
  WelcomeCache welcome_cache{10};
  Rng rng{1};
  NullLog log;
  Surroundings surroundings{parse_cache, catalog, welcome_cache, rng, log, nullptr};
  Session machine{ClientIdentity{.id = SessionId{1}, .database = "pgbouncer", .user = "ann", .console = ConsoleRole::admin},
                  kOptions, surroundings};
  std::string received;
  std::vector<std::string> asked;
  std::optional<CloseReason> closed;
  int withdrawn = 0;

  static const SessionOptions kOptions;
};

const SessionOptions Console::kOptions;

session::LocalAnswer two_rows() {
  return {TextTable{.columns = {"name", "value"},
                    .rows = {{"a", "258"}, {std::nullopt, "-3"}},
                    .types = {pg_type::kText, pg_type::kInt4}}};
}

}  // namespace

TEST_CASE("the console welcomes with the parameters PgBouncer reports, in its order") {
  Console console;
  const auto messages = split(console.received);
  CHECK(console.tags() == "SSSSSSSKZ");
  CHECK(messages[0].body == std::string("server_version\0" "1.25.2/bouncer\0", 30));
}

TEST_CASE("a simple query is asked of the gateway and answered in the table's types") {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{1000}}) {
    Console console;
    console.tags();
    console.send({"Q SHOW SOMETHING"}, chunk);
    CHECK(console.asked == std::vector<std::string>{"SHOW SOMETHING"});
    CHECK(console.machine.state() == SessionState::waiting_local);
    CHECK(console.tags().empty());
    console.happens(two_rows());
    CHECK(console.tags() == "TDDCZ");
  }
}

TEST_CASE("what comes while an answer is awaited waits its turn") {
  Console console;
  console.tags();
  console.send({"Q PAUSE", "Q SHOW POOLS"});
  CHECK(console.asked.size() == 1);
  console.happens(session::LocalAnswer{TextTable{.command_tag = "PAUSE"}});
  CHECK(console.tags() == "CZ");
  CHECK(console.asked.size() == 2);
  console.happens(session::LocalAnswer{Error{ErrorCode::console_command, "no"}});
  CHECK(console.tags() == "EZ");
}

TEST_CASE("in the extended protocol only what has rows runs for being described") {
  Console console;
  console.tags();
  console.send({"P |SHOW POOLS", "D S|", "B |", "D P|", "E |0", "S"});
  CHECK(console.asked.size() == 1);
  console.happens(two_rows());
  CHECK(console.asked.size() == 2);
  console.happens(two_rows());
  CHECK(console.asked.size() == 2);
  CHECK(console.tags() == "1tT2TDDCZ");
  console.send({"P |PAUSE", "D S|", "B |", "D P|", "S"});
  CHECK(console.asked.size() == 2);
  CHECK(console.tags() == "1tn2nZ");
}

TEST_CASE("rows are sent in portions where the client wants that") {
  Console console;
  console.tags();
  console.send({"P |SHOW POOLS", "B |", "E |1", "E |1", "S"});
  console.happens(two_rows());
  CHECK(console.tags() == "12DsDCZ");
}

TEST_CASE("after an error everything up to Sync is skipped") {
  Console console;
  console.tags();
  console.send({"P |SHOW NOTHING", "B |", "E |0", "E |0", "S", "Q  ; "});
  console.happens(session::LocalAnswer{Error{ErrorCode::console_command, "no"}});
  CHECK(console.tags() == "12EZIZ");
  console.send({"B |nosuch", "S", "D P|nosuch", "S", "P s|SHOW A", "P s|SHOW B", "S", "C S|s", "S"});
  CHECK(console.tags() == "EZEZ1EZ3Z");
  CHECK(console.asked.size() == 1);
}

TEST_CASE("numbers are sent in binary where Bind asks for it") {
  CHECK(to_binary(pg_type::kText, "abc") == "abc");
  CHECK(to_binary(pg_type::kInt4, "258") == std::string("\0\0\1\2", 4));
  CHECK(to_binary(pg_type::kInt4, "-3") == "\xff\xff\xff\xfd");
  CHECK(to_binary(pg_type::kInt8, "4294967296") == std::string("\0\0\0\1\0\0\0\0", 8));
  CHECK(to_binary(pg_type::kNumeric, "0") == std::string("\0\0\0\0\0\0\0\0", 8));
  CHECK(to_binary(pg_type::kNumeric, "123456") == std::string("\0\2\0\1\0\0\0\0\0\x0c\x0d\x80", 12));
  CHECK(to_binary(pg_type::kNumeric, "-7") == std::string("\0\1\0\0\x40\0\0\0\0\7", 10));

  Console console;
  console.tags();
  std::string bytes = encode("P |SHOW POOLS");
  wire::append_bind_head(bytes, "", "", 8);
  bytes.append("\0\0\0\0\0\1\0\1", 8);  // no parameters; all results in binary
  bytes += encode("E |0") + encode("S");
  console.send_bytes(bytes);
  console.happens(two_rows());
  CHECK(console.received.find(std::string("\0\0\0\4\0\0\1\2", 8)) != std::string::npos);
}

TEST_CASE("a cancel request withdraws the command that waits") {
  Console console;
  console.happens(session::CancelAsked{});
  CHECK(console.withdrawn == 0);
  console.send({"Q PAUSE"});
  console.happens(session::CancelAsked{});
  CHECK(console.withdrawn == 1);
}

TEST_CASE("a shutdown lets the command that waits be answered first") {
  Console console;
  console.send({"Q SHUTDOWN WAIT_FOR_SERVERS"});
  console.tags();
  console.happens(session::ShutDown{});
  CHECK_FALSE(console.closed);
  console.happens(session::LocalAnswer{TextTable{.command_tag = "SHUTDOWN"}});
  CHECK(console.tags() == "CZE");
  CHECK(console.closed == CloseReason::shutting_down);
}

TEST_CASE("hostile bytes end the console's session") {
  for (const std::string_view bytes : {"\1\0\0\0\4", "Q\0\0\0\3", "Q\x7f\0\0\0"}) {
    Console console;
    console.tags();
    console.send_bytes(std::string(bytes.data(), 5));
    CHECK(console.tags() == "E");
    CHECK(console.closed == CloseReason::protocol_violation);
  }
  Console console;
  console.send({"X"});
  CHECK(console.closed == CloseReason::client_terminated);
}
