// Seeded random answers to every question a login asks. Nothing may crash or hang, and nobody may get in.
#include "base/rng.hpp"
#include "gateway/login/digest.hpp"
#include "gateway/login/scram.hpp"
#include "gateway/login/server_login.hpp"
#include "gateway/wire/messages.hpp"
#include "tests/gateway/login/transcript.hpp"

using namespace howdah;
using namespace howdah::login;

namespace {

// Nonsense made of what SCRAM messages are made of.
std::string random_text(Rng& rng) {
  static constexpr std::string_view kParts[] = {"n,,", "y,,",   "p=tls-server-end-point,,",
                                                "n=",  "r=",    "c=biws",
                                                ",",   "p=",    "s=",
                                                "i=4", "v=",    "MDE",
                                                "=",   "nonce", "m=",
                                                "a=",  "e=",    "\t"};
  std::string text;
  for (auto count = rng.below(9); count > 0; --count)
    text += rng.chance(0.1) ? std::string(1, static_cast<char>(rng.below(256))) : kParts[rng.below(std::size(kParts))];
  return text;
}

std::string random_client_message(Rng& rng) {
  std::string out;
  switch (rng.below(4)) {
    case 0:
      wire::append_password(out, random_text(rng));
      break;
    case 1:
      wire::append_sasl_initial_response(out, rng.chance(0.9) ? kScramMechanism : kScramPlusMechanism,
                                         random_text(rng));
      break;
    default:
      wire::append_sasl_response(out, random_text(rng));
  }
  if (rng.chance(0.05)) out[rng.below(out.size())] = static_cast<char>(rng.below(256));
  return out;
}

std::string random_server_message(Rng& rng) {
  std::string out;
  switch (rng.below(9)) {
    case 0:
      wire::append_authentication_ok(out);
      break;
    case 1:
      wire::append_md5_request(out, "salt");
      break;
    case 2: {
      const std::string_view names[] = {kScramMechanism, "X"};
      wire::append_sasl_request(out, names);
      break;
    }
    case 3:
      wire::append_sasl_continue(out, random_text(rng));
      break;
    case 4:
      wire::append_sasl_final(out, random_text(rng));
      break;
    case 5:
      wire::append_parameter_status(out, "a", random_text(rng).substr(0, 3));
      break;
    case 6:
      wire::append_notice(out, {.message = "n"});
      break;
    case 7:
      wire::append_backend_key(out, {1, "abcd"});
      break;
    default:
      wire::append_ready(out, wire::TransactionStatus::idle);
  }
  if (rng.chance(0.05)) out[rng.below(out.size())] = static_cast<char>(rng.below(256));
  return out;
}

}  // namespace

TEST_CASE("no nonsense logs a client in") {
  Rng rng(20260201);
  const StoredSecret secrets[] = {NoSecret{}, PlainPassword{"a password nobody guesses"},
                                  Md5Hash{md5_hash_of("a password nobody guesses", "joe")},
                                  make_scram_verifier("a password nobody guesses", "0123456789abcdef", 2)};
  for (int run = 0; run < 2000; ++run) {
    ClientLoginFacts facts;
    facts.method = rng.chance(0.5) ? AuthMethod::scram_sha_256 : AuthMethod::md5;
    facts.secret = secrets[rng.below(std::size(secrets))];
    facts.user = "joe";
    facts.known_verifier = std::get<ScramVerifier>(secrets[3]);
    if (rng.chance(0.3)) facts.tls_binding = "h";
    ClientLogin login(facts);
    std::string out;
    ClientLoginStep step = login.start(out);
    std::string left;
    for (int turn = 0; turn < 6 && std::holds_alternative<LoginPending>(step); ++turn)
      step = test::give(login, random_client_message(rng), rng.below(20) + 1, out, left);
    REQUIRE_FALSE(std::holds_alternative<ClientLoginDone>(step));
  }
}

TEST_CASE("no nonsense of a server makes us reveal a password") {
  Rng rng(20260202);
  for (int run = 0; run < 2000; ++run) {
    ServerLoginFacts facts;
    facts.user = "joe";
    facts.credential = PlainPassword{"visible"};
    ServerLogin login(facts);
    std::string out;
    login.start(out);
    ServerLoginStep step{LoginPending{}};
    std::string left;
    for (int turn = 0; turn < 12 && std::holds_alternative<LoginPending>(step); ++turn)
      step = test::give(login, random_server_message(rng), rng.below(20) + 1, out, left);
    REQUIRE(out.find("visible") == std::string::npos);  // it was never asked for in clear
  }
}
