#include "gateway/login/client_login.hpp"

#include "gateway/login/digest.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/wire/messages.hpp"
#include "tests/gateway/login/transcript.hpp"

#include <functional>

using namespace howdah;
using namespace howdah::login;
using namespace howdah::test;
using namespace std::string_literals;

namespace {

const ScramVerifier kVerifier = make_scram_verifier("secret", "0123456789abcdef", 10);

ClientLoginFacts facts_for(AuthMethod method, StoredSecret secret = NoSecret{}) {
  ClientLoginFacts facts;
  facts.method = method;
  facts.secret = std::move(secret);
  facts.user = "joe";
  facts.database = "shop";
  facts.host = "10.0.0.1";
  facts.md5_salt = {1, 2, 3, 4};
  facts.mock_secret = "process secret";
  return facts;
}

const std::string kAskPassword = made([](auto& o) { wire::append_cleartext_request(o); });
const std::string kAskMd5 = made([](auto& o) { wire::append_md5_request(o, "\1\2\3\4"); });
const std::string kAskScram = made([](auto& o) {
  const std::string_view names[] = {"SCRAM-SHA-256"};
  wire::append_sasl_request(o, names);
});

std::string password_message(std::string_view text) {
  return made([&](auto& o) { wire::append_password(o, text); });
}

// A client that answers whatever is asked, as libpq does. Returns how the login ended; `bytes` collects what we sent.
ClientLoginStep run_client(const ClientLoginFacts& facts, std::string_view password, std::size_t chunk_size,
                           std::string* bytes = nullptr) {
  ClientLogin login(facts);
  std::string out;
  ClientLoginStep step = login.start(out);
  ScramClient scram({.credential = PlainPassword{std::string(password)}, .nonce = "clientnonce"});
  while (std::holds_alternative<LoginPending>(step)) {
    if (bytes) *bytes += out;
    const auto request = wire::parse_authentication(as_bytes(out).subspan(wire::kHeaderSize));
    REQUIRE(request.has_value());
    const std::string rest(as_text(request->rest));
    std::string answer;
    switch (request->request) {
      case wire::AuthRequest::cleartext_password:
        wire::append_password(answer, password);
        break;
      case wire::AuthRequest::md5_password:
        wire::append_password(answer, md5_answer(md5_hash_of(password, "joe"), rest));
        break;
      case wire::AuthRequest::sasl:
        wire::append_sasl_initial_response(answer, "SCRAM-SHA-256", scram.first());
        break;
      case wire::AuthRequest::sasl_continue:
        wire::append_sasl_response(answer, *scram.on_first(rest));
        break;
      default:
        FAIL("unexpected request");
    }
    out.clear();
    std::string left;
    step = give(login, answer, chunk_size, out, left);
  }
  if (bytes) *bytes += out;
  return step;
}

const Error& failure(const ClientLoginStep& step) {
  REQUIRE(std::holds_alternative<ClientLoginFailed>(step));
  return std::get<ClientLoginFailed>(step).error;
}

}  // namespace

TEST_CASE("methods that need no exchange decide at once") {
  struct Row {
    ClientLoginFacts facts;
    std::string message;  // empty: the client is in
  };
  auto remote_tls = facts_for(AuthMethod::no_entry);
  remote_tls.has_tls = true;
  auto replication = facts_for(AuthMethod::no_entry);
  replication.is_replication = true;
  auto rejected_replication = facts_for(AuthMethod::reject);
  rejected_replication.is_replication = true;
  auto certificate = facts_for(AuthMethod::cert);
  certificate.certificate_name = "joe";
  auto other_certificate = facts_for(AuthMethod::cert);
  other_certificate.certificate_name = "jane";
  const Row rows[] = {
      {facts_for(AuthMethod::trust), ""},
      {certificate, ""},
      {other_certificate, "certificate authentication failed for user \"joe\""},
      {facts_for(AuthMethod::cert), "certificate authentication failed for user \"joe\""},
      {facts_for(AuthMethod::no_entry),
       "no pg_hba.conf entry for host \"10.0.0.1\", user \"joe\", database \"shop\", no encryption"},
      {remote_tls, "no pg_hba.conf entry for host \"10.0.0.1\", user \"joe\", database \"shop\", SSL encryption"},
      {replication,
       "no pg_hba.conf entry for replication connection from host \"10.0.0.1\", user \"joe\", no encryption"},
      {facts_for(AuthMethod::reject),
       "pg_hba.conf rejects connection for host \"10.0.0.1\", user \"joe\", database \"shop\", no encryption"},
      {rejected_replication,
       "pg_hba.conf rejects replication connection for host \"10.0.0.1\", user \"joe\", no encryption"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    ClientLogin login(row.facts);
    std::string out;
    const ClientLoginStep step = login.start(out);
    CHECK(out.empty());
    if (row.message.empty()) {
      CHECK(std::holds_alternative<ClientLoginDone>(step));
      continue;
    }
    CHECK(failure(step).message == row.message);
    CHECK(failure(step).row().sqlstate == "28000");
  }
}

TEST_CASE("trust opens the servers with what is stored") {
  struct Row {
    StoredSecret stored;
    ServerCredential credential;
  };
  const Row rows[] = {{NoSecret{}, NoSecret{}},
                      {PlainPassword{"p"}, PlainPassword{"p"}},
                      {Md5Hash{"md5x"}, Md5Hash{"md5x"}},
                      {kVerifier, NoSecret{}}};
  for (const Row& row : rows) {
    ClientLogin login(facts_for(AuthMethod::trust, row.stored));
    std::string out;
    const ClientLoginStep step = login.start(out);
    CHECK(std::get<ClientLoginDone>(step).credential == row.credential);
    CHECK_FALSE(std::get<ClientLoginDone>(step).needs_server_check);
  }
}

TEST_CASE("each method asks as PostgreSQL would for what is stored, and judges the password") {
  const StoredSecret none = NoSecret{};
  const StoredSecret plain = PlainPassword{"secret"};
  const StoredSecret hash = Md5Hash{md5_hash_of("secret", "joe")};
  const StoredSecret verifier = kVerifier;
  const ServerCredential plain_key = PlainPassword{"secret"};
  const ServerCredential hash_key = Md5Hash{md5_hash_of("secret", "joe")};
  const ServerCredential scram_keys = make_scram_keys("secret", "0123456789abcdef", 10);
  struct Row {
    AuthMethod method;
    StoredSecret secret;
    std::string first;                       // what is asked first
    std::optional<ServerCredential> result;  // with the right password; nothing: refused
  };
  const Row rows[] = {
      {AuthMethod::password, plain, kAskPassword, plain_key},
      {AuthMethod::password, hash, kAskPassword, plain_key},
      {AuthMethod::password, verifier, kAskPassword, plain_key},
      {AuthMethod::md5, plain, kAskMd5, plain_key},
      {AuthMethod::md5, hash, kAskMd5, hash_key},
      {AuthMethod::md5, verifier, kAskScram, scram_keys},
      {AuthMethod::md5, none, kAskScram, std::nullopt},
      {AuthMethod::scram_sha_256, plain, kAskScram, plain_key},
      {AuthMethod::scram_sha_256, hash, kAskScram, std::nullopt},
      {AuthMethod::scram_sha_256, verifier, kAskScram, scram_keys},
      {AuthMethod::scram_sha_256, none, kAskScram, std::nullopt},
      {AuthMethod::follow_secret, plain, kAskScram, plain_key},
      {AuthMethod::follow_secret, hash, kAskMd5, hash_key},
      {AuthMethod::follow_secret, verifier, kAskScram, scram_keys},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const Row& row = rows[i];
    const ClientLoginFacts facts = facts_for(row.method, row.secret);
    for (const std::size_t chunk_size : kChunkSizes) {
      CAPTURE(i, chunk_size);
      std::string bytes;
      const ClientLoginStep right = run_client(facts, "secret", chunk_size, &bytes);
      CHECK(bytes.starts_with(row.first));
      if (row.result) {
        REQUIRE(std::holds_alternative<ClientLoginDone>(right));
        CHECK(std::get<ClientLoginDone>(right).credential == *row.result);
        CHECK_FALSE(std::get<ClientLoginDone>(right).needs_server_check);
      } else {
        CHECK(failure(right).message == "password authentication failed for user \"joe\"");
      }
      const Error wrong = failure(run_client(facts, "Secret", chunk_size));
      CHECK(wrong.message == "password authentication failed for user \"joe\"");
      CHECK(wrong.row().sqlstate == "28P01");
      CHECK(wrong.row().severity == Severity::fatal);
      CHECK(wrong.detail.empty());
    }
  }
}

TEST_CASE("a password nobody has stored must be judged by a server") {
  auto facts = facts_for(AuthMethod::follow_secret);
  facts.allow_clear_text = true;
  for (const auto& asking : {facts, facts_for(AuthMethod::password)}) {
    const ClientLoginStep step = run_client(asking, "whatever", 1);
    CHECK(std::get<ClientLoginDone>(step).credential == ServerCredential{PlainPassword{"whatever"}});
    CHECK(std::get<ClientLoginDone>(step).needs_server_check);
  }
}

TEST_CASE("without pool_hba and without a stored password the refusal says what to do") {
  ClientLogin login(facts_for(AuthMethod::follow_secret));
  std::string out;
  const ClientLoginStep step = login.start(out);
  CHECK(failure(step).row().sqlstate == "28P01");
  CHECK(failure(step).hint == "Add the user to pool_passwd, or set allow_clear_text_frontend_auth = on.");
}

TEST_CASE("an unknown user sees the same exchange as a known one") {
  std::string known;
  std::string unknown;
  const auto plain_facts = facts_for(AuthMethod::scram_sha_256, PlainPassword{"secret"});
  const Error wrong = failure(run_client(plain_facts, "x", 1 << 20, &known));
  const Error missing = failure(run_client(facts_for(AuthMethod::scram_sha_256), "x", 1 << 20, &unknown));
  CHECK(known == unknown);  // the salt, too
  CHECK(wrong.message == missing.message);
  CHECK(wrong.hint == missing.hint);
}

TEST_CASE("a verifier that was computed before is used") {
  auto facts = facts_for(AuthMethod::scram_sha_256, PlainPassword{"secret"});
  facts.known_verifier = kVerifier;
  CHECK(std::holds_alternative<ClientLoginDone>(run_client(facts, "secret", 1)));
}

TEST_CASE("channel binding is offered when there is a certificate, first") {
  auto facts = facts_for(AuthMethod::scram_sha_256, kVerifier);
  facts.has_tls = true;
  facts.tls_binding = std::string(32, 'h');
  ClientLogin login(facts);
  std::string out;
  login.start(out);
  CHECK(out == "R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s);
}

TEST_CASE("what is not the answer that was asked for ends the login") {
  struct Row {
    AuthMethod method;
    std::vector<Turn> turns;
    std::string sqlstate;
    std::string message;
  };
  const std::string first = made([](auto& o) { wire::append_sasl_initial_response(o, "SCRAM-SHA-256", "nonsense"); });
  const std::string other = made([](auto& o) { wire::append_sasl_initial_response(o, "OAUTHBEARER", "n,,"); });
  const Row rows[] = {
      {AuthMethod::password,
       {{made([](auto& o) { wire::append_query(o, "select 1"); }), ""}},
       "08P01",
       "expected password response, got message type 81"},
      {AuthMethod::scram_sha_256,
       {{made([](auto& o) { wire::append_terminate(o); }), ""}},
       "08P01",
       "expected SASL response, got message type 88"},
      {AuthMethod::password, {{password_message(""), ""}}, "28P01", "empty password returned by client"},
      {AuthMethod::password, {{"p\0\0\0\6pw"s, ""}}, "08P01", "invalid password packet size"},
      {AuthMethod::md5,
       {{"p\0\0\0\x08"
         "a\0b\0"s,
         ""}},
       "08P01",
       "invalid password packet size"},
      {AuthMethod::password, {{"p\0\1\0\0"s, ""}}, "08P01", "invalid message length"},
      {AuthMethod::password, {{"\x16\x03\x01"s, ""}}, "08P01", "invalid frontend message type 22"},
      {AuthMethod::scram_sha_256, {{first, ""}}, "08P01", "malformed SCRAM message"},
      {AuthMethod::scram_sha_256, {{other, ""}}, "08P01", "client selected an invalid SASL authentication mechanism"},
      {AuthMethod::scram_sha_256, {{password_message("secret"), ""}}, "08P01", "invalid message format"},
  };
  for (const Row& row : rows) {
    for (const std::size_t chunk_size : kChunkSizes) {
      CAPTURE(row.message, chunk_size);
      ClientLogin login(facts_for(row.method, PlainPassword{"secret"}));
      std::string out;
      login.start(out);
      const ClientLoginStep step = play(login, row.turns, chunk_size);
      CHECK(failure(step).row().sqlstate == row.sqlstate);
      CHECK(failure(step).message == row.message);
    }
  }
}

TEST_CASE("a client may leave its first SCRAM message for an empty challenge") {
  for (const std::size_t chunk_size : kChunkSizes) {
    ClientLogin login(facts_for(AuthMethod::scram_sha_256, kVerifier));
    std::string out;
    login.start(out);
    ScramClient scram({.credential = PlainPassword{"secret"}, .nonce = "cn"});
    play(login, {{"p\0\0\0\x16SCRAM-SHA-256\0\xff\xff\xff\xff"s, "R\0\0\0\x08\0\0\0\x0b"s}}, chunk_size);
    out.clear();
    std::string left;
    give(login, made([&](auto& o) { wire::append_sasl_response(o, scram.first()); }), chunk_size, out, left);
    const auto proof = scram.on_first(std::string_view(out).substr(9));
    REQUIRE(proof.has_value());
    out.clear();
    const auto end = give(login, made([&](auto& o) { wire::append_sasl_response(o, *proof); }), chunk_size, out, left);
    CHECK(std::holds_alternative<ClientLoginDone>(end));
  }
}

TEST_CASE("what comes after the password is left for the session") {
  for (const std::size_t chunk_size : kChunkSizes) {
    ClientLogin login(facts_for(AuthMethod::password, PlainPassword{"secret"}));
    std::string out;
    login.start(out);
    std::string left;
    play(login, {{password_message("secret") + "Q more", ""}}, chunk_size, &left);
    CHECK(left == "Q more");
  }
}
