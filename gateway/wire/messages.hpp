// All typed messages: build them onto the end of a string, read them as views into their body.
#pragma once

#include "gateway/wire/client_messages.hpp"  // IWYU pragma: export
#include "gateway/wire/error_response.hpp"   // IWYU pragma: export
#include "gateway/wire/server_messages.hpp"  // IWYU pragma: export
