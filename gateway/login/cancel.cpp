#include "gateway/login/cancel.hpp"

#include "base/assert.hpp"

#include <openssl/crypto.h>

namespace howdah::login {

static_assert(kFirstClientPid + (kMaxWorkers << kSerialBits) == 1u << 31, "clients show the process id as a signed number");

wire::CancelKey make_client_key(std::uint32_t worker, std::uint32_t serial, Bytes random,
                                wire::ProtocolVersion version) {
  HOWDAH_ASSERT(worker < kMaxWorkers && random.size() >= kLongSecretSize);
  const std::size_t size = version >= wire::kLongKeyVersion ? kLongSecretSize : kShortSecretSize;
  const std::uint32_t pid = kFirstClientPid | worker << kSerialBits | (serial & ((1u << kSerialBits) - 1));
  return {pid, std::string(as_text(random.first(size)))};
}

std::uint32_t worker_of(std::uint32_t pid) { return pid >> kSerialBits & (kMaxWorkers - 1); }

bool is_same_key(const wire::CancelKey& a, const wire::CancelKey& b) {
  return a.pid == b.pid && a.secret.size() == b.secret.size() &&
         CRYPTO_memcmp(a.secret.data(), b.secret.data(), a.secret.size()) == 0;
}

}  // namespace howdah::login
