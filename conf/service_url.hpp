// Where an HTTP service is, as parameters write it: http://host:port or https://host:port. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace howdah {

struct ServiceUrl {
  bool has_tls = false;
  std::string host = {};  // a name, or an address without brackets
  std::uint16_t port = 0;

  friend bool operator==(const ServiceUrl&, const ServiceUrl&) = default;
};

// Without a scheme it is http; without a port, `default_port`. A path other than "/" is an error.
Result<ServiceUrl> parse_service_url(std::string_view text, std::uint16_t default_port);
std::string to_text(const ServiceUrl& url);

}  // namespace howdah
