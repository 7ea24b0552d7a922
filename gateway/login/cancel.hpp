// Cancel keys we hand to clients (manual "55.2.9 Canceling Requests in Progress"). The key's process id says which
// worker holds the client, so that a CancelRequest, which arrives on a connection of its own, finds its way without a
// table shared by the workers. The secret alone decides whether it is obeyed.
//
// The number is one that no server process can have, because clients pass it to pg_terminate_backend() as well: there it must
// find nobody (a warning and false), rather than somebody else.
#pragma once

#include "base/bytes.hpp"
#include "gateway/wire/server_messages.hpp"
#include "gateway/wire/startup.hpp"

#include <cstdint>

namespace howdah::login {

inline constexpr std::uint32_t kMaxWorkers = 128;
inline constexpr std::uint32_t kSerialBits = 23;
inline constexpr std::uint32_t kFirstClientPid = 1u << 30;  // far above any operating system's; Linux has at most 2^22 processes
inline constexpr std::size_t kShortSecretSize = 4;  // protocol 3.0
inline constexpr std::size_t kLongSecretSize = 32;  // protocol 3.2, as PostgreSQL 18

// `serial` distinguishes the clients of a worker (its low 23 bits are used). `random` holds at least kLongSecretSize
// bytes from a cryptographic generator.
wire::CancelKey make_client_key(std::uint32_t worker, std::uint32_t serial, Bytes random,
                                wire::ProtocolVersion version);

std::uint32_t worker_of(std::uint32_t pid);

// Constant time in the secret.
bool is_same_key(const wire::CancelKey& a, const wire::CancelKey& b);

}  // namespace howdah::login
