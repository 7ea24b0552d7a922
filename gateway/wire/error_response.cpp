#include "gateway/wire/error_response.hpp"

#include "gateway/wire/body.hpp"

namespace howdah::wire {

namespace {

std::string_view severity_text(Severity severity) { return severity == Severity::fatal ? "FATAL" : "ERROR"; }

void append_field(std::string& out, ErrorField code, std::string_view value) {
  if (value.empty()) return;
  out.push_back(static_cast<char>(code));
  append_cstring(out, value.substr(0, value.find('\0')));
}

struct Fields {
  std::string_view severity;
  std::string_view sqlstate;
  std::string_view message;
  std::string_view detail;
  std::string_view hint;
};

void append_fields(std::string& out, ServerTag tag, const Fields& fields) {
  const MessageScope scope(out, tag);
  append_field(out, ErrorField::severity, fields.severity);
  append_field(out, ErrorField::severity_plain, fields.severity);
  append_field(out, ErrorField::sqlstate, fields.sqlstate);
  append_field(out, ErrorField::message, fields.message.empty() ? "unknown error" : fields.message);
  append_field(out, ErrorField::detail, fields.detail);
  append_field(out, ErrorField::hint, fields.hint);
  out.push_back('\0');
}

}  // namespace

std::string_view ErrorView::field(ErrorField code) const {
  BodyReader reader(body_);
  while (const char found = static_cast<char>(reader.take_u8())) {
    const std::string_view value = reader.take_cstring();
    if (found == static_cast<char>(code)) return value;
  }
  return {};
}

std::string_view ErrorView::severity() const {
  const std::string_view plain = field(ErrorField::severity_plain);
  return plain.empty() ? field(ErrorField::severity) : plain;
}

bool ErrorView::ends_connection() const {
  const std::string_view level = severity();
  return level == "FATAL" || level == "PANIC";
}

Result<ErrorView> parse_error_response(Bytes body) {
  BodyReader reader(body);
  while (reader.take_u8() != 0) reader.take_cstring();
  if (!reader.is_done()) return malformed(ServerTag::error);
  return ErrorView(body);
}

void append_error(std::string& out, const Error& error) { append_error(out, error, error.row().severity); }

void append_error(std::string& out, const Error& error, Severity severity) {
  append_fields(out, ServerTag::error,
                {severity_text(severity), error.row().sqlstate, error.message, error.detail, error.hint});
}

void append_error(std::string& out, const ServerError& error) {
  const MessageScope scope(out, ServerTag::error);
  out.append(error.body);
}

void append_old_error(std::string& out, const Error& error) {
  out.push_back('E');
  out.append(severity_text(error.row().severity)).append(":  ").append(error.message);
  append_cstring(out, "\n");
}

void append_notice(std::string& out, const Notice& notice) {
  append_fields(out, ServerTag::notice, {notice.severity, notice.sqlstate, notice.message, notice.detail, notice.hint});
}

}  // namespace howdah::wire
