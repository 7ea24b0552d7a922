// Fuzzes the logins: the first byte chooses who is asked and how, the rest is what the peer answers.
#include "gateway/login/client_login.hpp"
#include "gateway/login/digest.hpp"
#include "gateway/login/server_login.hpp"

#include <cstdint>
#include <cstdlib>

using namespace howdah;
using namespace howdah::login;

namespace {

constexpr std::string_view kPassword = "nobody guesses this one";

const ScramVerifier& verifier() {
  static const ScramVerifier made = make_scram_verifier(kPassword, "0123456789abcdef", 2);
  return made;
}

void answer_client_login(unsigned choice, Bytes input) {
  ClientLoginFacts facts;
  static constexpr AuthMethod kMethods[] = {AuthMethod::password, AuthMethod::md5, AuthMethod::scram_sha_256,
                                            AuthMethod::follow_secret};
  facts.method = kMethods[choice % 4];
  const StoredSecret secrets[] = {PlainPassword{std::string(kPassword)}, Md5Hash{md5_hash_of(kPassword, "u")},
                                  verifier()};
  facts.secret = secrets[choice / 4 % 3];
  facts.known_verifier = verifier();
  facts.user = "u";
  if (choice & 64) facts.tls_binding = "hash";
  ClientLogin login(facts);
  std::string out;
  ClientLoginStep step = login.start(out);
  while (std::holds_alternative<LoginPending>(step) && !input.empty()) step = login.step(input, out);
  if (std::holds_alternative<ClientLoginDone>(step)) std::abort();  // nobody was to get in
}

void answer_server_login(unsigned choice, Bytes input) {
  ServerLoginFacts facts;
  facts.user = "u";
  const ServerCredential credentials[] = {NoSecret{}, PlainPassword{std::string(kPassword)},
                                          Md5Hash{md5_hash_of(kPassword, "u")},
                                          make_scram_keys(kPassword, "0123456789abcdef", 2)};
  facts.credential = credentials[choice % 4];
  if (choice & 16) facts.version = wire::kNewestVersion;
  if (choice & 32) facts.tls_binding = "hash";
  ServerLogin login(facts);
  std::string out;
  login.start(out);
  ServerLoginStep step{LoginPending{}};
  while (std::holds_alternative<LoginPending>(step) && !input.empty()) step = login.step(input, out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] & 128)
    answer_client_login(data[0] & 127, input);
  else
    answer_server_login(data[0], input);
  (void)parse_scram_verifier(as_text(input));
  (void)from_base64(as_text(input));
  return 0;
}
