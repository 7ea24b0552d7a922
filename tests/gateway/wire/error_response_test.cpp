#include "gateway/wire/error_response.hpp"

#include "gateway/wire/frame.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::wire;
using namespace std::string_literals;

TEST_CASE("our errors carry the SQLSTATE and severity of the error table") {
  std::string out;
  append_error(out, Error{ErrorCode::no_primary, "no primary", "it died", "wait"});
  CHECK(out == "E\0\0\0\x35SERROR\0VERROR\0C57P03\0Mno primary\0Dit died\0Hwait\0\0"s);
  out.clear();
  append_error(out, Error{ErrorCode::no_primary, "m"}, Severity::fatal);
  CHECK(out.substr(kHeaderSize) == "SFATAL\0VFATAL\0C57P03\0Mm\0\0"s);
}

TEST_CASE("a text with a NUL inside cannot break the message") {
  std::string out;
  append_error(out, Error{ErrorCode::no_primary, "before\0Xafter"s});
  CHECK(parse_error_response(as_bytes(out).subspan(kHeaderSize))->message() == "before");
}

TEST_CASE("fields of a server's error are found, and unknown ones are passed over") {
  const std::string body = "SFATAL\0VFATAL\0C57P01\0Mbye\0Fpostgres.c\0L3178\0RProcessInterrupts\0\0"s;
  const auto view = parse_error_response(as_bytes(body));
  REQUIRE(view.has_value());
  CHECK(view->sqlstate() == "57P01");
  CHECK(view->message() == "bye");
  CHECK(view->field(ErrorField::hint).empty());
  CHECK(view->ends_connection());
}

TEST_CASE("the severity that is never translated counts") {
  struct Row {
    std::string body;
    bool ends_connection;
  };
  const Row rows[] = {
      {"SFATAL\0C57P01\0Mm\0\0"s, true},  // before PostgreSQL 9.6
      {"SSCHWERWIEGEND\0VFATAL\0C57P01\0Mm\0\0"s, true},
      {"SPANIC\0VPANIC\0CXX000\0Mm\0\0"s, true},
      {"SFEHLER\0VERROR\0C42601\0Mm\0\0"s, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(parse_error_response(as_bytes(row.body))->ends_connection() == row.ends_connection);
  }
}

TEST_CASE("a server's error is given on unchanged") {
  const ServerError error{"SFATAL\0C57P01\0Mm\0Zunknown field\0\0"s};
  std::string out;
  append_error(out, error);
  CHECK(out.substr(kHeaderSize) == error.body);
  CHECK(load_u32(out.data() + 1) == out.size() - 1);
}

TEST_CASE("clients of protocol 2 get an error they can read") {
  std::string out;
  append_old_error(out, Error{ErrorCode::unsupported_protocol, "unsupported frontend protocol 2.0"});
  CHECK(out == "EFATAL:  unsupported frontend protocol 2.0\n\0"s);
}

TEST_CASE("a notice is not an error") {
  std::string out;
  append_notice(out, {.severity = "WARNING", .sqlstate = "01000", .message = "careful"});
  CHECK(out[0] == 'N');
  CHECK(out.substr(kHeaderSize) == "SWARNING\0VWARNING\0C01000\0Mcareful\0\0"s);
}
