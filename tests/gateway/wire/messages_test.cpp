#include "gateway/wire/messages.hpp"

#include "gateway/wire/frame.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <vector>

using namespace howdah;
using namespace howdah::wire;
using namespace std::string_literals;

namespace {

using Append = std::function<void(std::string&)>;

struct Row {
  const char* name;
  Append append;
  std::string bytes;  // by the manual, section 55.7
};

const std::optional<std::string_view> kValues[] = {"ab", std::nullopt, ""};
const std::uint32_t kTypes[] = {23, 25};
const std::string_view kNames[] = {"x"};
const std::string_view kMechanisms[] = {"SCRAM-SHA-256"};
const std::string kOptions[] = {"_pq_.a"};

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows{
      {"Query", [](auto& o) { append_query(o, "select 1"); }, "Q\0\0\0\x0dselect 1\0"s},
      {"Parse", [](auto& o) { append_parse(o, "s", "q", kTypes); }, "P\0\0\0\x12s\0q\0\0\2\0\0\0\x17\0\0\0\x19"s},
      {"Bind", [](auto& o) { append_bind(o, "p", "s", kValues); },
       "B\0\0\0\x1cp\0s\0\0\0\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\0"s},
      {"Bind head", [](auto& o) { append_bind_head(o, "p", "s", 6); }, "B\0\0\0\x0ep\0s\0"s},
      {"Describe", [](auto& o) { append_describe(o, Target::statement, "s"); }, "D\0\0\0\7Ss\0"s},
      {"Close", [](auto& o) { append_close(o, Target::portal, ""); }, "C\0\0\0\6P\0"s},
      {"Execute", [](auto& o) { append_execute(o, "p", 5); }, "E\0\0\0\x0ap\0\0\0\0\5"s},
      {"Sync", [](auto& o) { append_sync(o); }, "S\0\0\0\4"s},
      {"Flush", [](auto& o) { append_flush(o); }, "H\0\0\0\4"s},
      {"Terminate", [](auto& o) { append_terminate(o); }, "X\0\0\0\4"s},
      {"FunctionCall", [](auto& o) { append_function_call(o, 7, std::span(kValues).first(1)); },
       "F\0\0\0\x14\0\0\0\7\0\0\0\1\0\0\0\2ab\0\0"s},
      {"client CopyData", [](auto& o) { append_client_copy_data(o, "1\n"); },
       "d\0\0\0\6"
       "1\n"s},
      {"client CopyDone", [](auto& o) { append_client_copy_done(o); }, "c\0\0\0\4"s},
      {"CopyFail", [](auto& o) { append_copy_fail(o, "no"); }, "f\0\0\0\7no\0"s},
      {"Password", [](auto& o) { append_password(o, "pw"); }, "p\0\0\0\7pw\0"s},
      {"SASLInitialResponse", [](auto& o) { append_sasl_initial_response(o, "M", "ab"); }, "p\0\0\0\x0cM\0\0\0\0\2ab"s},
      {"SASLResponse", [](auto& o) { append_sasl_response(o, "ab"); }, "p\0\0\0\6ab"s},

      {"AuthenticationOk", [](auto& o) { append_authentication_ok(o); }, "R\0\0\0\x08\0\0\0\0"s},
      {"AuthenticationCleartextPassword", [](auto& o) { append_cleartext_request(o); }, "R\0\0\0\x08\0\0\0\3"s},
      {"AuthenticationMD5Password", [](auto& o) { append_md5_request(o, "salt"); }, "R\0\0\0\x0c\0\0\0\5salt"s},
      {"AuthenticationSASL", [](auto& o) { append_sasl_request(o, kMechanisms); },
       "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"s},
      {"AuthenticationSASLContinue", [](auto& o) { append_sasl_continue(o, "a"); },
       "R\0\0\0\x09\0\0\0\x0b"
       "a"s},
      {"AuthenticationSASLFinal", [](auto& o) { append_sasl_final(o, "a"); },
       "R\0\0\0\x09\0\0\0\x0c"
       "a"s},
      {"BackendKeyData",
       [](auto& o) {
         append_backend_key(o, {258, "abcd"});
       },
       "K\0\0\0\x0c\0\0\1\2abcd"s},
      {"ParameterStatus", [](auto& o) { append_parameter_status(o, "a", "b"); },
       "S\0\0\0\x08"
       "a\0b\0"s},
      {"ReadyForQuery", [](auto& o) { append_ready(o, TransactionStatus::failed); }, "Z\0\0\0\5E"s},
      {"CommandComplete", [](auto& o) { append_command_complete(o, "BEGIN"); },
       "C\0\0\0\x0a"
       "BEGIN\0"s},
      {"NegotiateProtocolVersion", [](auto& o) { append_negotiate_version(o, 0x30002, kOptions); },
       "v\0\0\0\x13\0\3\0\2\0\0\0\1_pq_.a\0"s},
      {"NotificationResponse",
       [](auto& o) {
         append_notification(o, {1, "c", "p"});
       },
       "A\0\0\0\x0c\0\0\0\1c\0p\0"s},
      {"ParameterDescription", [](auto& o) { append_parameter_description(o, kTypes); },
       "t\0\0\0\x0e\0\2\0\0\0\x17\0\0\0\x19"s},
      {"RowDescription", [](auto& o) { append_row_description(o, kNames); },
       "T\0\0\0\x1a\0\1x\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"s},
      {"DataRow", [](auto& o) { append_data_row(o, kValues); }, "D\0\0\0\x14\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0"s},
      {"server CopyData", [](auto& o) { append_server_copy_data(o, "x"); }, "d\0\0\0\5x"s},
      {"ParseComplete", [](auto& o) { append_bodiless(o, ServerTag::parse_complete); }, "1\0\0\0\4"s},
  };
  return kRows;
}

// A body from a builder, without its header.
std::string body_of(const Append& append) {
  std::string bytes;
  append(bytes);
  return bytes.substr(kHeaderSize);
}

// The parser must take `body` and refuse every shorter one and one that goes on.
template <typename Parse>
void check_strict(const std::string& body, Parse parse) {
  CHECK_FALSE(parse(as_bytes(body)).has_error());
  for (std::size_t size = 0; size < body.size(); ++size) {
    CAPTURE(size);
    const std::string cut = body.substr(0, size);
    CHECK(parse(as_bytes(cut)).has_error());
  }
  const std::string longer = body + "x";
  CHECK(parse(as_bytes(longer)).has_error());
}

}  // namespace

TEST_CASE("every message is built as the manual lays it out, after what is there already") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    std::string out = "before";
    row.append(out);
    CHECK(out == "before" + row.bytes);
  }
}

TEST_CASE("what clients send is read as it was built") {
  const std::string query = body_of([](auto& o) { append_query(o, "select 1"); });
  CHECK(parse_query(as_bytes(query))->sql == "select 1");

  const std::string parse = body_of([](auto& o) { append_parse(o, "s", "select $1", kTypes); });
  const auto parsed = parse_parse(as_bytes(parse));
  CHECK(parsed->statement == "s");
  CHECK(parsed->sql == "select $1");
  CHECK(parsed->type_count == 2);
  CHECK(body_of([&](auto& o) { append_parse_as(o, "s", "select $1", parsed->types); }) == parse);

  const std::string close = body_of([](auto& o) { append_close(o, Target::portal, "p"); });
  CHECK(parse_target(as_bytes(close))->target == Target::portal);
  CHECK(parse_target(as_bytes(close))->name == "p");
  CHECK(parse_target(as_bytes("Xp\0"s)).has_error());

  const std::string execute = body_of([](auto& o) { append_execute(o, "p", -1); });
  CHECK(parse_execute(as_bytes(execute))->portal == "p");
  CHECK(parse_execute(as_bytes(execute))->max_rows == -1);

  CHECK(*parse_copy_fail(as_bytes("no\0"s)) == "no");
  CHECK(*parse_password(as_bytes("pw\0"s)) == "pw");
  CHECK(*parse_function_call_id(as_bytes("\0\0\0\7 and more"s)) == 7);
}

TEST_CASE("a SASL response without data is not one with empty data") {
  CHECK_FALSE(parse_sasl_initial_response(as_bytes("M\0\xff\xff\xff\xff"s))->data.has_value());
  CHECK(parse_sasl_initial_response(as_bytes("M\0\0\0\0\0"s))->data == "");
  CHECK(parse_sasl_initial_response(as_bytes("M\0\0\0\0\2ab"s))->data == "ab");
  CHECK(parse_sasl_initial_response(as_bytes("M\0\0\0\0\3ab"s)).has_error());
}

TEST_CASE("a Bind can be renamed while its parameters stream") {
  std::string bind;
  append_bind(bind, "portal", "old", kValues);
  const std::string body = bind.substr(kHeaderSize);
  const auto head = parse_bind_head(as_bytes(body), true);
  REQUIRE(head->has_value());
  CHECK((*head)->portal == "portal");
  CHECK((*head)->statement == "old");
  std::string renamed;
  append_bind_head(renamed, (*head)->portal, "a longer name", static_cast<std::uint32_t>(body.size() - (*head)->rest));
  renamed.append(body, (*head)->rest);
  std::string expected;
  append_bind(expected, "portal", "a longer name", kValues);
  CHECK(renamed == expected);
}

TEST_CASE("what a Bind gives a parameter is found by its number") {
  const auto two_formats = "\0\2\0\0\0\1\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\0"s;
  CHECK(find_parameter(as_bytes(two_formats), 1).value() == "ab");
  CHECK(find_parameter(as_bytes(two_formats), 2).value() == std::nullopt);
  CHECK(find_parameter(as_bytes(two_formats), 3).value() == "");
  CHECK_FALSE(find_parameter(as_bytes(two_formats), 0).has_value());
  CHECK_FALSE(find_parameter(as_bytes(two_formats), 4).has_value());
  CHECK_FALSE(find_parameter(as_bytes("\0\0\0\1\0\0\0\5abc"s), 1).has_value());
  CHECK_FALSE(find_parameter(Bytes{}, 1).has_value());
}

TEST_CASE("names of a Bind that are cut off may still come, unless the message is over") {
  const std::string body = "portal\0sta"s;
  const auto cut = parse_bind_head(as_bytes(body), false);
  REQUIRE(cut.has_value());
  CHECK_FALSE(cut->has_value());
  CHECK(parse_bind_head(as_bytes(body), true).has_error());
}

TEST_CASE("what servers send is read as it was built") {
  const std::string key = body_of([](auto& o) { append_backend_key(o, {7, std::string(32, 'k')}); });
  CHECK(*parse_backend_key(as_bytes(key)) == CancelKey{7, std::string(32, 'k')});
  CHECK(parse_backend_key(as_bytes("\0\0\0\1"s + std::string(256, 'k'))).has_value());
  CHECK(parse_backend_key(as_bytes("\0\0\0\1"s + std::string(257, 'k'))).has_error());
  CHECK(parse_backend_key(as_bytes("\0\0\0\1abc"s)).has_error());

  CHECK(*parse_ready(as_bytes("T"s)) == TransactionStatus::in_block);
  CHECK(parse_ready(as_bytes("X"s)).has_error());
  CHECK(*parse_command_complete(as_bytes("INSERT 0 1\0"s)) == "INSERT 0 1");
  CHECK(parse_parameter_status(as_bytes("a\0b\0"s))->value == "b");

  const std::string list = body_of([](auto& o) { append_sasl_request(o, kMechanisms); });
  const auto authentication = parse_authentication(as_bytes(list));
  CHECK(authentication->request == AuthRequest::sasl);
  CHECK(*parse_sasl_mechanisms(authentication->rest) == std::vector<std::string_view>{"SCRAM-SHA-256"});

  const std::string negotiation = body_of([](auto& o) { append_negotiate_version(o, 0x30002, kOptions); });
  CHECK(parse_negotiate_version(as_bytes(negotiation))->version == 0x30002);
  CHECK(parse_negotiate_version(as_bytes(negotiation))->unknown_options == std::vector<std::string_view>{"_pq_.a"});

  const std::string row = body_of([](auto& o) { append_data_row(o, kValues); });
  CHECK(*parse_data_row(as_bytes(row)) == std::vector<std::optional<std::string_view>>{"ab", std::nullopt, ""});
  const std::string columns = body_of([](auto& o) { append_row_description(o, kNames); });
  CHECK(*parse_row_description_names(as_bytes(columns)) == std::vector<std::string_view>{"x"});
  const std::string types = body_of([](auto& o) { append_parameter_description(o, kTypes); });
  CHECK(*parse_parameter_description(as_bytes(types)) == std::vector<std::uint32_t>{23, 25});
  const std::string notification = body_of([](auto& o) { append_notification(o, {9, "ch", "pay"}); });
  CHECK(parse_notification(as_bytes(notification))->payload == "pay");
  CHECK(parse_copy_response(as_bytes("\1\0\2\0\1\0\1"s))->is_binary);
  CHECK(parse_copy_response(as_bytes("\1\0\2\0\1\0\1"s))->column_count == 2);
}

TEST_CASE("a body that is too short or too long is refused") {
  check_strict("q\0"s, parse_query);
  check_strict("s\0q\0\0\1\0\0\0\x17"s, parse_parse);
  check_strict("Sname\0"s, parse_target);
  check_strict("p\0\0\0\0\5"s, parse_execute);
  check_strict("no\0"s, parse_copy_fail);
  check_strict("pw\0"s, parse_password);
  check_strict("M\0\0\0\0\2ab"s, parse_sasl_initial_response);
  check_strict("a\0b\0"s, parse_parameter_status);
  check_strict("I"s, parse_ready);
  check_strict("BEGIN\0"s, parse_command_complete);
  check_strict("\0\3\0\2\0\0\0\1_pq_.a\0"s, parse_negotiate_version);
  check_strict("\0\0\0\1c\0p\0"s, parse_notification);
  check_strict("\0\0\2\0\0\0\0"s, parse_copy_response);
  check_strict("\0\2\0\0\0\2ab\xff\xff\xff\xff"s, parse_data_row);
  check_strict("\0\2\0\0\0\x17\0\0\0\x19"s, parse_parameter_description);
  check_strict("SCRAM\0\0"s, parse_sasl_mechanisms);
  check_strict("SFATAL\0C57P01\0Mbye\0\0"s, parse_error_response);
}

TEST_CASE("the sender at fault gets the error") {
  CHECK(parse_query(as_bytes("q"s)).error().code == ErrorCode::protocol_violation);
  CHECK(parse_ready(as_bytes(""s)).error().code == ErrorCode::backend_protocol_violation);
}
