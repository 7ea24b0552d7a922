#include "gateway/login/scram.hpp"

#include "gateway/login/digest.hpp"
#include "gateway/login/scram_text.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::login;
using namespace std::string_literals;

namespace {

// RFC 7677 section 3.
constexpr std::string_view kClientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view kServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view kSalt = "W22ZaJ0SNY7soEsUEjb6gQ==";
constexpr std::string_view kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view kClientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramVerifier rfc_verifier() { return make_scram_verifier("pencil", *from_base64(kSalt), 4096); }

ScramServer rfc_server() { return ScramServer({.verifier = rfc_verifier(), .nonce = std::string(kServerNonce)}); }

ScramVerifier small_verifier() { return make_scram_verifier("secret", "0123456789abcdef", 10); }

struct Outcome {
  bool client_is_in = false;
  bool server_is_right = false;
  ScramKeys keys;
};

// One whole exchange between our two sides.
Outcome exchange(const ScramClient::Options& client_options, const ScramServer::Options& server_options) {
  ScramClient client(client_options);
  ScramServer server(server_options);
  const auto challenge = server.on_first(client.mechanism(), client.first());
  if (challenge.has_error()) return {};
  const auto proof = client.on_first(*challenge);
  if (proof.has_error()) return {};
  const auto final_message = server.on_final(*proof);
  if (final_message.has_error() || !*final_message) return {};
  return {true, !client.on_final(**final_message).has_error(), server.keys()};
}

}  // namespace

TEST_CASE("the server's side plays the exchange of RFC 7677") {
  ScramServer server = rfc_server();
  CHECK(*server.on_first("SCRAM-SHA-256", kClientFirst) == kServerFirst);
  const auto last = server.on_final(kClientFinal);
  REQUIRE(last.has_value());
  CHECK(*last == std::string(kServerFinal));
}

TEST_CASE("a right proof gives the server the client's keys") {
  ScramServer server = rfc_server();
  REQUIRE(server.on_first("SCRAM-SHA-256", kClientFirst).has_value());
  REQUIRE(server.on_final(kClientFinal).has_value());
  CHECK(server.keys() == make_scram_keys("pencil", *from_base64(kSalt), 4096));
}

TEST_CASE("any other proof is refused") {
  for (std::size_t i = 0; i < 43; ++i) {
    std::string last(kClientFinal);
    char& digit = last[last.size() - 44 + i];
    digit = digit == 'A' ? 'E' : 'A';
    if (i == 42) digit = 'I';  // the last digit has unused bits, which must stay zero
    ScramServer server = rfc_server();
    REQUIRE(server.on_first("SCRAM-SHA-256", kClientFirst).has_value());
    const auto result = server.on_final(last);
    CAPTURE(last);
    REQUIRE(result.has_value());
    CHECK_FALSE(result->has_value());
  }
}

TEST_CASE("a verifier reads and writes as PostgreSQL stores it") {
  const std::string text = to_text(rfc_verifier());
  CHECK(text.starts_with("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"));
  CHECK(parse_scram_verifier(text) == rfc_verifier());
  CHECK(matches(rfc_verifier(), "pencil"));
  CHECK_FALSE(matches(rfc_verifier(), "Pencil"));
}

TEST_CASE("what is no verifier is refused") {
  const std::string good = to_text(rfc_verifier());
  std::vector<std::string> bad = {"",
                                  "SCRAM-SHA-256$",
                                  "SCRAM-SHA-1$" + good.substr(14),
                                  good + "A",
                                  good + "=",
                                  "SCRAM-SHA-256$0" + good.substr(18),
                                  "SCRAM-SHA-256$-1" + good.substr(18),
                                  "SCRAM-SHA-256$999999999" + good.substr(18),
                                  "SCRAM-SHA-256$4096:$" + good.substr(44)};
  for (std::size_t size = 0; size < good.size(); ++size) bad.push_back(good.substr(0, size));
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(parse_scram_verifier(text).has_value());
  }
}

TEST_CASE("keys learnt from a client open the same door as its password") {
  const ScramServer::Options front{.verifier = small_verifier(), .nonce = "server1"};
  const Outcome first = exchange({.credential = PlainPassword{"secret"}, .nonce = "client1"}, front);
  REQUIRE(first.client_is_in);
  CHECK(first.server_is_right);
  const ScramServer::Options back{.verifier = small_verifier(), .nonce = "server2"};
  const Outcome second = exchange({.credential = first.keys, .nonce = "client2"}, back);
  CHECK(second.client_is_in);
  CHECK(second.server_is_right);
}

TEST_CASE("a wrong password, and a user that does not exist, stay outside") {
  CHECK_FALSE(
      exchange({.credential = PlainPassword{"Secret"}, .nonce = "c"}, {.verifier = small_verifier(), .nonce = "s"})
          .client_is_in);
  CHECK_FALSE(exchange({.credential = PlainPassword{"secret"}, .nonce = "c"},
                       {.verifier = small_verifier(), .is_doomed = true, .nonce = "s"})
                  .client_is_in);
}

TEST_CASE("keys made from a password once prove it again, and only it") {
  KnownScramKeys known;
  const auto is_in = [&](const char* password) {
    return exchange({.credential = PlainPassword{password}, .nonce = "c", .known_keys = &known}, {.verifier = small_verifier(), .nonce = "s"})
        .client_is_in;
  };
  CHECK(is_in("secret"));
  CHECK(is_in("secret"));
  CHECK(known.size() == 1);
  CHECK_FALSE(is_in("Secret"));
  CHECK(is_in("secret"));
  CHECK(known.size() == 2);
  CHECK(known.find_or_make("secret", "0123456789abcdef", 11) == make_scram_keys("secret", "0123456789abcdef", 11));
}

TEST_CASE("no proof is sent to a server whose verifier is another one") {
  const ScramKeys keys = make_scram_keys("secret", "0123456789abcdef", 10);
  for (const char* first : {"r=cX,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=11", "r=cX,s=MTEyMzQ1Njc4OWFiY2RlZg==,i=10"}) {
    ScramClient client({.credential = keys, .nonce = "c"});
    const auto proof = client.on_first(first);
    REQUIRE(proof.has_error());
    CHECK(proof.error().code == ErrorCode::backend_login_failed);
    CHECK_FALSE(client.has_proved());
  }
  ScramClient client({.credential = keys, .nonce = "c"});
  CHECK(client.on_first("r=cX,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=10").has_value());
}

TEST_CASE("a server that does not know the secret is found out") {
  ScramClient client({.credential = PlainPassword{"secret"}, .nonce = "c"});
  REQUIRE(client.on_first("r=cX,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=10").has_value());
  for (const std::string& last : {"v="s + to_base64(std::string(32, 'x')), "v="s, ""s, "v=!"s, "e=other-error"s}) {
    CAPTURE(last);
    CHECK(client.on_final(last).has_error());
  }
  CHECK_FALSE(client.has_finished());
}

TEST_CASE("a server's first message must continue our nonce and be sane") {
  for (const char* first : {"", "r=c,s=MDEy,i=10", "r=Xc,s=MDEy,i=10", "r=cX,s=MDEy,i=0", "r=cX,s=MDEy,i=99999999",
                            "r=cX,s=MDEy,i=1x", "r=cX,s=,i=10", "r=cX,s=!,i=10", "r=cX,i=10", "s=MDEy,r=cX,i=10",
                            "m=ext,r=cX,s=MDEy,i=10", "r=c\tX,s=MDEy,i=10"}) {
    CAPTURE(first);
    ScramClient client({.credential = PlainPassword{"secret"}, .nonce = "c"});
    CHECK(client.on_first(first).has_error());
    CHECK_FALSE(client.has_proved());
  }
}

TEST_CASE("channel binding ties both sides to one certificate") {
  const std::string ours(32, 'h');
  const std::string other(32, 'm');
  struct Row {
    std::string client_binding;
    bool offers_plus;
    std::string server_binding;
    bool is_in;
  };
  const Row rows[] = {
      {ours, true, ours, true},
      {other, true, ours, false},  // somebody is in the middle, with a certificate of his own
      {ours, false, "", true},     // 'y', and indeed it is not offered
      {ours, false, ours, false},  // 'y' although it was offered: somebody took it out of the list
      {"", true, ours, true},      // 'n': the client cannot
  };
  for (const Row& row : rows) {
    CAPTURE(row.client_binding, row.offers_plus, row.server_binding);
    const Outcome outcome = exchange({.credential = PlainPassword{"secret"},
                                      .tls_binding = row.client_binding,
                                      .server_offers_plus = row.offers_plus,
                                      .nonce = "c"},
                                     {.verifier = small_verifier(), .tls_binding = row.server_binding, .nonce = "s"});
    CHECK(outcome.client_is_in == row.is_in);
    CHECK(outcome.server_is_right == row.is_in);
  }
}

TEST_CASE("a client's first message is refused as PostgreSQL refuses it") {
  struct Row {
    std::string_view mechanism;
    std::string_view message;
    std::string binding;
    ErrorCode code;
  };
  const Row rows[] = {
      {"SCRAM-SHA-1", "n,,n=,r=c", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=c", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=c", "h", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256-PLUS", "n,,n=,r=c", "h", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=c", "h", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "y,,n=,r=c", "h", ErrorCode::hba_rejected},
      {"SCRAM-SHA-256", "n,a=joe,n=,r=c", "", ErrorCode::feature_not_supported},
      {"SCRAM-SHA-256", "n,,m=ext,n=,r=c", "", ErrorCode::feature_not_supported},
      {"SCRAM-SHA-256", "x,,n=,r=c", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n,", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n,,", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n,,n=", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n,,n=,r=", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "n,,n=,r=a b", "", ErrorCode::protocol_violation},
      {"SCRAM-SHA-256", "", "", ErrorCode::protocol_violation},
  };
  for (const Row& row : rows) {
    CAPTURE(row.mechanism, row.message);
    ScramServer server({.verifier = small_verifier(), .tls_binding = row.binding, .nonce = "s"});
    const auto answer = server.on_first(row.mechanism, row.message);
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == row.code);
    CHECK_FALSE(server.has_started());
  }
}

TEST_CASE("a client's last message that is malformed is a protocol violation") {
  const std::string proof = to_base64(std::string(32, 'p'));
  for (const std::string& last :
       {""s, "c=biws"s, "c=biws,r=cs"s, "c=biws,r=cX,p="s + proof, "c=eSws,r=cs,p="s + proof, "r=cs,p="s + proof,
        "c=biws,r=cs,p="s, "c=biws,r=cs,p=abc"s, "c=biws,r=cs,p="s + proof + ",x=1"s, "c=biws,r=cs,x=1"s,
        "c=biws,r=cs,p="s + to_base64("short")}) {
    CAPTURE(last);
    ScramServer server({.verifier = small_verifier(), .nonce = "s"});
    REQUIRE(server.on_first("SCRAM-SHA-256", "n,,n=,r=c").has_value());
    const auto answer = server.on_final(last);
    REQUIRE(answer.has_error());
    CHECK(answer.error().code == ErrorCode::protocol_violation);
  }
}

TEST_CASE("a made-up verifier looks the same every time and differs by user and process") {
  const ScramVerifier first = mock_scram_verifier("ghost", "process secret");
  CHECK(mock_scram_verifier("ghost", "process secret") == first);
  CHECK(mock_scram_verifier("other", "process secret").salt != first.salt);
  CHECK(mock_scram_verifier("ghost", "another secret").salt != first.salt);
  CHECK(first.salt.size() == kScramSaltSize);
  CHECK(scram_verifier_for_plain("ghost", "pw", "process secret").salt == first.salt);
}
