#include "gateway/login/cancel.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::login;

TEST_CASE("a key says which worker has the client, as a positive number that no process has") {
  const std::string random(kLongSecretSize, 'r');
  for (const std::uint32_t worker : {0u, 1u, 77u, kMaxWorkers - 1}) {
    for (const std::uint32_t serial : {0u, 1u, 0x7fffffu, 0xffffffffu}) {
      CAPTURE(worker, serial);
      const auto key = make_client_key(worker, serial, as_bytes(random), {3, 0});
      CHECK(worker_of(key.pid) == worker);
      CHECK(static_cast<std::int32_t>(key.pid) >= 1 << 30);
    }
  }
  CHECK(make_client_key(1, 5, as_bytes(random), {3, 0}).pid != make_client_key(1, 6, as_bytes(random), {3, 0}).pid);
}

TEST_CASE("the secret is as long as the protocol version allows") {
  const std::string random(kLongSecretSize, 'r');
  CHECK(make_client_key(0, 0, as_bytes(random), {3, 0}).secret.size() == 4);
  CHECK(make_client_key(0, 0, as_bytes(random), {3, 1}).secret.size() == 4);
  CHECK(make_client_key(0, 0, as_bytes(random), {3, 2}).secret.size() == 32);
}

TEST_CASE("only the whole key is the key") {
  const wire::CancelKey key{7, "abcd"};
  CHECK(is_same_key(key, {7, "abcd"}));
  CHECK_FALSE(is_same_key(key, {8, "abcd"}));
  CHECK_FALSE(is_same_key(key, {7, "abcx"}));
  CHECK_FALSE(is_same_key(key, {7, "abc"}));
  CHECK_FALSE(is_same_key(key, {7, ""}));
}
