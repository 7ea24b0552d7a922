// ErrorResponse and NoticeResponse (manual "55.8 Error and Notice Message Fields"): reading the fields of one a server
// sent, and writing ours. SQLSTATE and severity of ours come from the error table (base/errors.cpp) and nowhere else.
#pragma once

#include "base/bytes.hpp"
#include "base/errors.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>

namespace howdah::wire {

// The codes of the fields we look at.
enum class ErrorField : char {
  severity = 'S',        // may be translated
  severity_plain = 'V',  // never translated; since PostgreSQL 9.6
  sqlstate = 'C',
  message = 'M',
  detail = 'D',
  hint = 'H',
  position = 'P',  // in the statement's text: characters, from 1
  routine = 'R',   // of the server's source that found the error; never translated
};

// A body that was checked to be well-formed; borrowed.
class ErrorView {
 public:
  explicit ErrorView(Bytes body) : body_(body) {}
  // Empty if the field is absent. Walks the body: it is short, and errors are rare.
  std::string_view field(ErrorField code) const;
  std::string_view sqlstate() const { return field(ErrorField::sqlstate); }
  std::string_view message() const { return field(ErrorField::message); }
  std::string_view severity() const;
  // FATAL or PANIC: the server ends the connection after it.
  bool ends_connection() const;
  Bytes body() const { return body_; }

 private:
  Bytes body_;
};

Result<ErrorView> parse_error_response(Bytes body);

// An error a server sent, kept so that it can be given to a client unchanged.
struct ServerError {
  std::string body;

  ErrorView view() const { return ErrorView(as_bytes(body)); }
};

// ErrorResponse. An error that is only to end the statement may be made FATAL by the state it happens in.
void append_error(std::string& out, const Error& error);
void append_error(std::string& out, const Error& error, Severity severity);
void append_error(std::string& out, const ServerError& error);

// What a client of protocol 2 or older expects: 'E', the text, NUL; no length.
void append_old_error(std::string& out, const Error& error);

struct Notice {
  std::string_view severity = "NOTICE";  // WARNING, NOTICE, INFO, LOG, DEBUG
  std::string_view sqlstate = "00000";
  std::string_view message;
  std::string_view detail = {};
  std::string_view hint = {};
};
void append_notice(std::string& out, const Notice& notice);

}  // namespace howdah::wire
