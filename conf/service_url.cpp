#include "conf/service_url.hpp"

#include <fmt/format.h>

#include <charconv>

#include "conf/words.hpp"

namespace howdah {

namespace {

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Result<ServiceUrl> parse_service_url(std::string_view text, std::uint16_t default_port) {
  const auto refuse = [text] {
    return Error{ErrorCode::configuration, fmt::format("\"{}\" is no address; write http://host:port or https://host:port", conf::shown(text))};
  };
  ServiceUrl url{.port = default_port};
  std::string_view rest = text;
  url.has_tls = strip_prefix(rest, "https://");
  if (!url.has_tls) strip_prefix(rest, "http://");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#@ ") != std::string_view::npos) return refuse();

  const auto bracket = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
  if (rest.starts_with('[') && bracket == std::string_view::npos) return refuse();
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = rest.substr(0, colon);
  url.host = bracket == std::string_view::npos ? host : rest.substr(1, bracket - 1);
  if (url.host.empty() || (bracket != std::string_view::npos && host.size() != bracket + 1)) return refuse();
  if (colon == std::string_view::npos) return url;
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (failed != std::errc{} || end != port.data() + port.size() || url.port == 0) return refuse();
  return url;
}

std::string to_text(const ServiceUrl& url) {
  const bool is_v6 = url.host.find(':') != std::string::npos;
  return fmt::format("http{}://{}{}{}:{}", url.has_tls ? "s" : "", is_v6 ? "[" : "", url.host, is_v6 ? "]" : "", url.port);
}

}  // namespace howdah
