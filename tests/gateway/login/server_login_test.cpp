#include "gateway/login/server_login.hpp"

#include "gateway/login/digest.hpp"
#include "gateway/wire/messages.hpp"
#include "tests/gateway/login/transcript.hpp"

using namespace howdah;
using namespace howdah::login;
using namespace howdah::test;
using namespace std::string_literals;

namespace {

const std::string kOk = made([](auto& o) { wire::append_authentication_ok(o); });
const std::string kReady = made([](auto& o) { wire::append_ready(o, wire::TransactionStatus::idle); });
const std::string kServerAsksPassword = made([](auto& o) { wire::append_cleartext_request(o); });
const std::string kServerAsksMd5 = made([](auto& o) { wire::append_md5_request(o, "salt"); });
const ScramVerifier kStoredVerifier = make_scram_verifier("secret", "0123456789abcdef", 10);

std::string ask_sasl(std::vector<std::string_view> names) {
  return made([&](auto& o) { wire::append_sasl_request(o, names); });
}

ServerLoginFacts facts_with(ServerCredential credential) {
  ServerLoginFacts facts;
  facts.user = "joe";
  facts.database = "shop";
  facts.parameters = {{"application_name", "psql"}};
  facts.credential = std::move(credential);
  return facts;
}

ServerLogin started(const ServerLoginFacts& facts) {
  ServerLogin login(facts);
  std::string out;
  login.start(out);
  return login;
}

// Plays the script in all cuts; all must end alike. Returns the last.
ServerLoginStep play_all(const ServerLoginFacts& facts, const std::vector<Turn>& turns) {
  ServerLoginStep step{LoginPending{}};
  for (const std::size_t chunk_size : kChunkSizes) {
    ServerLogin login = started(facts);
    step = play(login, turns, chunk_size);
  }
  return step;
}

const Error& our_failure(const ServerLoginStep& step) {
  REQUIRE(std::holds_alternative<ServerLoginFailed>(step));
  REQUIRE(std::holds_alternative<Error>(std::get<ServerLoginFailed>(step).error));
  return std::get<Error>(std::get<ServerLoginFailed>(step).error);
}

// A server with the verifier, driven by what the login sends. `tamper` may change what the server says.
ServerLoginStep run_scram(const ServerLoginFacts& facts, const ScramVerifier& verifier, const std::string& binding,
                          std::size_t chunk_size) {
  ServerLogin login = started(facts);
  ScramServer server({.verifier = verifier, .tls_binding = binding, .nonce = "servernonce"});
  std::string out;
  std::string left;
  ServerLoginStep step =
      give(login, binding.empty() ? ask_sasl({"SCRAM-SHA-256"}) : ask_sasl({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}),
           chunk_size, out, left);
  if (!std::holds_alternative<LoginPending>(step)) return step;
  const auto initial = wire::parse_sasl_initial_response(as_bytes(out).subspan(wire::kHeaderSize));
  REQUIRE(initial.has_value());
  const auto challenge = server.on_first(initial->mechanism, *initial->data);
  REQUIRE(challenge.has_value());
  out.clear();
  step = give(login, made([&](auto& o) { wire::append_sasl_continue(o, *challenge); }), chunk_size, out, left);
  if (!std::holds_alternative<LoginPending>(step)) {
    CHECK(out.empty());
    return step;
  }
  const auto last = server.on_final(std::string_view(out).substr(wire::kHeaderSize));
  REQUIRE(last.has_value());
  if (!*last)
    return give(login, made([](auto& o) {
                  wire::append_error(o, Error{ErrorCode::password_wrong, "no"});
                }),
                chunk_size, out, left);
  return give(login, made([&](auto& o) { wire::append_sasl_final(o, **last); }) + kOk + kReady, chunk_size, out, left);
}

}  // namespace

TEST_CASE("the start-up message names user, database and parameters") {
  ServerLogin login(facts_with(NoSecret{}));
  std::string out;
  login.start(out);
  CHECK(out == "\0\0\0\x36\0\3\0\0user\0joe\0database\0shop\0application_name\0psql\0\0"s);
}

TEST_CASE("everything the server says before ReadyForQuery is collected") {
  const std::string talk = made([](auto& o) {
    wire::append_authentication_ok(o);
    wire::append_parameter_status(o, "TimeZone", "UTC");
    wire::append_notice(o, {.message = "hello"});
    wire::append_parameter_status(o, "server_version", "15.6");
    wire::append_backend_key(o, {4711, "abcd"});
    wire::append_parameter_status(o, "TimeZone", "CET");
    wire::append_ready(o, wire::TransactionStatus::idle);
  });
  for (const std::size_t chunk_size : kChunkSizes) {
    CAPTURE(chunk_size);
    ServerLogin login = started(facts_with(NoSecret{}));
    std::string left;
    const ServerLoginStep step = play(login, {{talk + "later", ""}}, chunk_size, &left);
    CHECK(left == "later");
    const auto& done = std::get<ServerLoginDone>(step);
    CHECK(done.version == wire::ProtocolVersion{3, 0});
    CHECK(*done.parameters.find("TimeZone") == "CET");
    CHECK(done.parameters.size() == 2);
    CHECK(done.key == wire::CancelKey{4711, "abcd"});
    REQUIRE(done.notices.size() == 1);
    CHECK(wire::ErrorView(as_bytes(done.notices[0])).message() == "hello");
  }
}

TEST_CASE("password and md5 are answered with what is known") {
  const std::string md5_of_secret =
      made([](auto& o) { wire::append_password(o, md5_answer(md5_hash_of("secret", "joe"), "salt")); });
  const std::string plain = made([](auto& o) { wire::append_password(o, "secret"); });
  struct Row {
    ServerCredential credential;
    std::string asked;
    std::string answer;
  };
  const Row rows[] = {{PlainPassword{"secret"}, kServerAsksPassword, plain},
                      {PlainPassword{"secret"}, kServerAsksMd5, md5_of_secret},
                      {Md5Hash{md5_hash_of("secret", "joe")}, kServerAsksMd5, md5_of_secret}};
  for (const Row& row : rows) {
    const auto step = play_all(facts_with(row.credential), {{row.asked, row.answer}, {kOk + kReady, ""}});
    CHECK(std::holds_alternative<ServerLoginDone>(step));
  }
}

TEST_CASE("SCRAM works with a password and with keys, with and without channel binding") {
  for (const ServerCredential& credential :
       {ServerCredential{PlainPassword{"secret"}},
        ServerCredential{make_scram_keys("secret", kStoredVerifier.salt, kStoredVerifier.iterations)}}) {
    for (const std::string& binding : {""s, std::string(32, 'h')}) {
      for (const std::size_t chunk_size : kChunkSizes) {
        CAPTURE(binding, chunk_size);
        auto facts = facts_with(credential);
        facts.tls_binding = binding;
        CHECK(std::holds_alternative<ServerLoginDone>(run_scram(facts, kStoredVerifier, binding, chunk_size)));
      }
    }
  }
}

TEST_CASE("keys are not tried on a server with another verifier") {
  const auto other = make_scram_verifier("secret", "fedcba9876543210", 10);
  const auto step = run_scram(facts_with(make_scram_keys("secret", kStoredVerifier.salt, 10)), other, "", 1);
  CHECK(our_failure(step).code == ErrorCode::backend_login_failed);
  CHECK_FALSE(our_failure(step).hint.empty());
}

TEST_CASE("the server's own refusal is handed back unchanged") {
  const std::string body = "SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"joe\"\0Zodd\0\0"s;
  std::string message = "E";
  append_u32(message, static_cast<std::uint32_t>(body.size() + 4));
  message += body;
  for (const std::string& before : {""s, kOk, made([](auto& o) { wire::append_notice(o, {.message = "n"}); })}) {
    const auto step = play_all(facts_with(NoSecret{}), {{before + message, ""}});
    const auto& failed = std::get<ServerLoginFailed>(step);
    CHECK(std::get<wire::ServerError>(failed.error).body == body);
    CHECK(std::get<wire::ServerError>(failed.error).view().sqlstate() == "28P01");
  }
}

TEST_CASE("what cannot be answered fails with a hint and sends nothing") {
  struct Row {
    ServerCredential credential;
    std::string asked;
  };
  const ServerCredential keys = make_scram_keys("secret", kStoredVerifier.salt, 10);
  const Row rows[] = {
      {NoSecret{}, kServerAsksPassword},
      {Md5Hash{"md5x"}, kServerAsksPassword},
      {keys, kServerAsksPassword},
      {NoSecret{}, kServerAsksMd5},
      {keys, kServerAsksMd5},
      {NoSecret{}, ask_sasl({"SCRAM-SHA-256"})},
      {Md5Hash{"md5x"}, ask_sasl({"SCRAM-SHA-256"})},
      {PlainPassword{"p"}, ask_sasl({"OAUTHBEARER"})},
      {PlainPassword{"p"}, ask_sasl({"SCRAM-SHA-256-PLUS"})},  // no TLS, so no binding
      {PlainPassword{"p"}, "R\0\0\0\x08\0\0\0\x07"s},          // GSSAPI
      {PlainPassword{"p"}, "R\0\0\0\x08\0\0\0\x09"s},          // SSPI
      {PlainPassword{"p"}, "R\0\0\0\x08\0\0\0\x63"s},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    const Error error = our_failure(play_all(facts_with(rows[i].credential), {{rows[i].asked, ""}}));
    CHECK(error.code == ErrorCode::backend_login_failed);
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("a server that breaks the protocol is not believed") {
  const std::string key = made([](auto& o) { wire::append_backend_key(o, {1, "abcd"}); });
  const std::string status = made([](auto& o) { wire::append_parameter_status(o, "a", "b"); });
  const std::string row = made([](auto& o) { wire::append_command_complete(o, "SELECT 1"); });
  const std::string in_block = made([](auto& o) { wire::append_ready(o, wire::TransactionStatus::in_block); });
  const std::string scripts[] = {
      kReady,
      key,
      status,
      row,
      kOk + kOk,
      kOk + kServerAsksPassword,
      kOk + row,
      kOk + in_block,
      "R\0\0\0\x08\0\0\0\x0b"s,  // SASLContinue without SASL
      "R\0\0\0\x08\0\0\0\x0c"s,  // SASLFinal without SASL
      "R\0\0\0\x09\0\0\0\5x"s,   // short salt
      "R\0\0\0\4"s,
      "v\0\0\0\x0c\0\3\0\2\0\0\0\0"s,        // newer than asked
      "v\0\0\0\x0c\0\2\0\0\0\0\0\0"s,        // older than anything
      kOk + "v\0\0\0\x0c\0\3\0\0\0\0\0\0"s,  // too late
      "HTTP/1.1 400 Bad Request\r\n"s,
      "N\x3f\xff\xff\xff"s,  // a gigabyte of notice
      "E\0\0\0\5x"s,
  };
  for (std::size_t i = 0; i < std::size(scripts); ++i) {
    CAPTURE(i);
    const Error error = our_failure(play_all(facts_with(NoSecret{}), {{scripts[i], ""}}));
    CHECK(error.code == ErrorCode::backend_protocol_violation);
  }
}

TEST_CASE("a server cannot skip its part of SCRAM or ask for a second secret") {
  for (const std::string& after : {kOk, kServerAsksPassword, kServerAsksMd5, "R\0\0\0\x0a\0\0\0\x0cv="s}) {
    ServerLogin login = started(facts_with(PlainPassword{"secret"}));
    std::string out;
    std::string left;
    give(login, ask_sasl({"SCRAM-SHA-256"}), 1, out, left);
    out.clear();
    const ServerLoginStep step = give(login, after, 1, out, left);
    CHECK(our_failure(step).code == ErrorCode::backend_protocol_violation);
    CHECK(out.empty());
  }
}

TEST_CASE("an older server lowers the protocol version") {
  auto facts = facts_with(NoSecret{});
  facts.version = {3, 2};
  const auto old = play_all(facts, {{"v\0\0\0\x0c\0\3\0\0\0\0\0\0"s + kOk + kReady, ""}});
  CHECK(std::get<ServerLoginDone>(old).version == wire::ProtocolVersion{3, 0});
  const std::string key = made([](auto& o) { wire::append_backend_key(o, {1, std::string(32, 'k')}); });
  const auto recent = play_all(facts, {{kOk + key + kReady, ""}});
  CHECK(std::get<ServerLoginDone>(recent).version == wire::ProtocolVersion{3, 2});
  CHECK(std::get<ServerLoginDone>(recent).key.secret.size() == 32);
}

TEST_CASE("a login recorded from PostgreSQL 15 is played again") {
  auto facts = facts_with(PlainPassword{"secret"});
  const std::string nonce = "ZfLeEqxSHOJ3ar5RWZhnbj0m";
  const std::string random = *from_base64(nonce);
  std::copy(random.begin(), random.end(), facts.scram_nonce.begin());
  const std::string challenge =
      "R\0\0\0\x5c\0\0\0\x0br=ZfLeEqxSHOJ3ar5RWZhnbj0me2q7pxOld4b9q2Tm5neVB1Kd,s=J3rVcsZTKIRERZbB96QvWQ==,i=4096"s;
  const std::string settled =
      "R\0\0\0\x36\0\0\0\x0cv=OV6XyG+xI+njlFjpn92Wk3ztJTmL52yXtYy98rXGWcY="
      "R\0\0\0\x08\0\0\0\0"
      "S\0\0\0\x19"
      "client_encoding\0UTF8\0"
      "S\0\0\0&default_transaction_read_only\0off\0"
      "S\0\0\0\x17in_hot_standby\0off\0"
      "S\0\0\0\x32server_version\0"
      "15.20 (Debian 15.20-0+deb12u1)\0"
      "S\0\0\0\x15TimeZone\0Etc/UTC\0"
      "K\0\0\0\x0c\0\0\x39\x1b\x9b\xfd\x98z"
      "Z\0\0\0\5I"s;
  const std::string first =
      made([&](auto& o) { wire::append_sasl_initial_response(o, "SCRAM-SHA-256", "n,,n=,r=" + nonce); });
  for (const std::size_t chunk_size : kChunkSizes) {
    ServerLogin login = started(facts);
    play(login, {{"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"s, first}}, chunk_size);
    std::string out;
    std::string left;
    give(login, challenge, chunk_size, out, left);
    const ServerLoginStep step = give(login, settled, chunk_size, out, left);
    // The server's signature is right only if our proof was made from the same secret.
    REQUIRE(std::holds_alternative<ServerLoginDone>(step));
    const auto& done = std::get<ServerLoginDone>(step);
    CHECK(*done.parameters.find("server_version") == "15.20 (Debian 15.20-0+deb12u1)");
    CHECK(done.key.pid == 0x391b);
  }
}

TEST_CASE("the database's connect query runs before anybody uses the connection") {
  ServerLoginFacts facts = facts_with(NoSecret{});
  facts.connect_query = "SELECT f()";
  const std::string asked = made([](auto& o) { wire::append_query(o, "SELECT f()"); });
  const std::string answer = made([](auto& o) {
    const std::array<std::string_view, 1> names{"f"};
    const std::array<std::optional<std::string_view>, 1> row{"1"};
    wire::append_row_description(o, names);
    wire::append_data_row(o, row);
    wire::append_command_complete(o, "SELECT 1");
    wire::append_parameter_status(o, "TimeZone", "UTC");
  });
  const auto done = play_all(facts, {{kOk + kReady, asked}, {answer + kReady, ""}});
  REQUIRE(std::holds_alternative<ServerLoginDone>(done));
  CHECK(*std::get<ServerLoginDone>(done).parameters.find("TimeZone") == "UTC");
  CHECK(std::get<ServerLoginDone>(done).connect_query_error.empty());
}

TEST_CASE("what the connect query fails at is passed over, unless it leaves the connection unusable") {
  ServerLoginFacts facts = facts_with(NoSecret{});
  facts.connect_query = "BEGIN; SELECT f()";
  const std::string asked = made([](auto& o) { wire::append_query(o, "BEGIN; SELECT f()"); });
  const auto ended_with = [&](const std::string& answer) { return play_all(facts, {{kOk + kReady, asked}, {answer, ""}}); };
  const auto error = [](Severity severity) {
    return made([&](auto& o) { wire::append_error(o, Error{ErrorCode::command_failed, "no f"}, severity); });
  };
  const auto passed = ended_with(error(Severity::error) + kReady);
  REQUIRE(std::holds_alternative<ServerLoginDone>(passed));
  CHECK(std::get<ServerLoginDone>(passed).connect_query_error == "no f");
  CHECK(std::holds_alternative<ServerLoginFailed>(ended_with(error(Severity::fatal))));
  const std::string open = made([](auto& o) { wire::append_ready(o, wire::TransactionStatus::in_block); });
  CHECK(our_failure(ended_with(open)).code == ErrorCode::backend_protocol_violation);
}
