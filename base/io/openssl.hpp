// What all who speak TLS ask OpenSSL.
#pragma once

#include <openssl/ssl.h>

#include <string>

namespace howdah {

// What went wrong, oldest first; empties the thread's queue.
std::string openssl_errors();

// Common name of the peer's verified certificate; empty if it showed none.
std::string peer_common_name(const SSL* ssl);

}  // namespace howdah
