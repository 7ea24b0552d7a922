// Taking SCRAM messages apart: "a=value,b=value" (RFC 5802 section 7), shared by both sides of the exchange.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace howdah::login {

inline constexpr std::string_view kBindingHeader = "p=tls-server-end-point,,";

// The value of the attribute that must come next; it and its comma are taken off. Nothing if another one is there.
inline std::optional<std::string_view> take_attribute(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const std::size_t end = rest.find(',');
  const std::string_view value = rest.substr(2, end == std::string_view::npos ? end : end - 2);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return value;
}

// A nonce is visible ASCII without commas.
inline bool is_nonce(std::string_view text) {
  for (const char c : text)
    if (c < '!' || c > '~' || c == ',') return false;
  return !text.empty();
}

inline std::string auth_message_of(std::string_view client_first_bare, std::string_view server_first,
                                   std::string_view without_proof) {
  return std::string(client_first_bare).append(",").append(server_first).append(",").append(without_proof);
}

}  // namespace howdah::login
