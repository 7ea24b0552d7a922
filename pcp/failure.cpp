#include "pcp/failure.hpp"

#include "pcp/frame.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace howdah::pcp {

namespace {

constexpr std::size_t kMaxFieldLength = 255;

void append_field(std::string& payload, char code, std::string_view text) {
  payload.push_back(code);
  append_cstring(payload, text.substr(0, kMaxFieldLength));
}

}  // namespace

Failure failure_of(const Error& error) {
  const bool has_both = !error.detail.empty() && !error.hint.empty();
  return {.message = error.message, .detail = error.detail + (has_both ? "; " : "") + error.hint};
}

void append_failure(std::string& out, const Failure& failure) {
  std::string payload;
  append_field(payload, 'S', failure.is_fatal() ? "FATAL" : "ERROR");
  append_field(payload, 'C', "XX000");
  append_field(payload, 'M', failure.message);
  if (!failure.detail.empty()) append_field(payload, 'D', failure.detail);
  append_field(payload, 'F', failure.origin.file);
  append_field(payload, 'L', fmt::to_string(failure.origin.line));
  payload.push_back('\0');
  append_frame(out, 'E', payload);
}

ServerMessage parse_message(std::string_view payload) {
  ServerMessage result;
  for (const std::string& field : split_texts(payload)) {
    if (field.empty()) break;
    const std::string text = field.substr(1);
    switch (field[0]) {
      case 'S':
        result.severity = text;
        break;
      case 'M':
        result.message = text;
        break;
      case 'D':
        result.detail = text;
        break;
      case 'H':
        result.hint = text;
        break;
      default:
        break;  // other fields are not for people
    }
  }
  return result;
}

std::string to_text(const ServerMessage& message) {
  std::string text = fmt::format("{}:  {}\n", message.severity, message.message);
  if (!message.detail.empty()) text += fmt::format("DETAIL:  {}\n", message.detail);
  if (!message.hint.empty()) text += fmt::format("HINT:  {}\n", message.hint);
  return text + "\n";
}

}  // namespace howdah::pcp
