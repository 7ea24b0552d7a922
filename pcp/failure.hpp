// An error packet of PCP: what went wrong, in Pgpool's words where scripts may look for them, and whether the
// connection ends. On the wire: letter E, then fields of a one-byte code, a text and NUL, then a NUL. Read and written
// here.
#pragma once

#include "base/errors.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace howdah::pcp {

// Fields F and L belong to every packet. Clients do not print them; tools that do shall show what they always did.
struct Origin {
  std::string_view file = "pcp_worker.c";
  int line = 1;
};

struct Failure {
  Severity severity = Severity::error;  // fatal: the server closes after it
  std::string message;
  std::string detail = {};  // also what to do: Pgpool's clients print no hints
  Origin origin = {};

  bool is_fatal() const { return severity == Severity::fatal; }
};

// Another part of Howdah refused: its message, with detail and hint in one.
Failure failure_of(const Error& error);

void append_failure(std::string& out, const Failure& failure);

// What a client reads out of an E or N packet.
struct ServerMessage {
  std::string severity;
  std::string message;
  std::string detail;
  std::string hint;

  bool is_fatal() const { return severity == "FATAL" || severity == "PANIC"; }
};
ServerMessage parse_message(std::string_view payload);
// As pcp_* print it to stderr, an empty line at its end.
std::string to_text(const ServerMessage& message);

}  // namespace howdah::pcp
