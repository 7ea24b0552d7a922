#include "agent/protocol.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <type_traits>

namespace howdah::agent {

namespace {

namespace json = boost::json;

// Each message is told once, as a walk over its keys; Writer and Reader are the two directions.
class Writer {
 public:
  void key(const char* name, const std::string& value) { object_[name] = value; }
  void key(const char* name, bool value) { object_[name] = value; }
  void key(const char* name, int value) { object_[name] = value; }
  void key(const char* name, std::uint64_t value) { object_[name] = fmt::to_string(value); }
  void key(const char* name, Lsn value) { object_[name] = to_text(value); }
  void key(const char* name, TimelineId value) { object_[name] = value.value; }
  void key(const char* name, Epoch value) { key(name, value.value); }
  void key(const char* name, ServerState value) { object_[name] = to_text(value); }
  std::string line() const { return json::serialize(object_); }

 private:
  json::object object_;
};

class Reader {
 public:
  explicit Reader(std::string_view line) {
    json::error_code error;
    json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object()) trouble_ = "it is no JSON object";
    else object_ = std::move(value.as_object());
  }

  void key(const char* name, std::string& value) {
    if (const auto* found = find(name, &json::value::is_string)) value = std::string(found->get_string());
  }
  void key(const char* name, bool& value) {
    if (const auto* found = find(name, &json::value::is_bool)) value = found->get_bool();
  }
  void key(const char* name, int& value) { number(name, value); }
  void key(const char* name, TimelineId& value) { number(name, value.value); }
  void key(const char* name, std::uint64_t& value) {
    std::string text;
    key(name, text);
    if (text.empty()) return;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) fail(name);
  }
  void key(const char* name, Epoch& value) { key(name, value.value); }
  void key(const char* name, Lsn& value) { parsed(name, value, &parse_lsn); }
  void key(const char* name, ServerState& value) { parsed(name, value, &parse_server_state); }

  const std::string& trouble() const { return trouble_; }

 private:
  template <typename Value>
  void parsed(const char* name, Value& value, std::optional<Value> (*parse)(std::string_view)) {
    std::string text;
    key(name, text);
    if (text.empty()) return;
    if (const auto found = parse(text)) value = *found;
    else fail(name);
  }
  template <typename Number>
  void number(const char* name, Number& value) {
    const auto* found = find(name, &json::value::is_number);
    if (found == nullptr) return;
    json::error_code error;
    const auto taken = found->to_number<Number>(error);
    if (error) return fail(name);
    value = taken;
  }
  const json::value* find(const char* name, bool (json::value::*is_right)() const noexcept) {
    const json::value* found = object_.if_contains(name);
    if (found == nullptr || (found->*is_right)()) return found;
    fail(name);
    return nullptr;
  }
  void fail(const char* name) { trouble_ = fmt::format("\"{}\" has a value of the wrong kind", name); }

  json::object object_;
  std::string trouble_;
};

// One list for both directions: `message` is const for the writer.
template <typename Direction, typename Message>
void walk_request(Direction& direction, Message& message) {
  direction.key("command", message.command);
  direction.key("epoch", message.epoch);
  direction.key("timeline", message.timeline);
  direction.key("system_identifier", message.system_identifier);
  direction.key("is_in_office", message.is_in_office);
  direction.key("mode", message.mode);
  direction.key("primary_host", message.primary_host);
  direction.key("primary_port", message.primary_port);
  direction.key("slot", message.slot);
  direction.key("clean_at", message.clean_at);
  direction.key("may_clone", message.may_clone);
}

template <typename Direction, typename Message>
void walk_report(Direction& direction, Message& message) {
  direction.key("error", message.error);
  direction.key("hint", message.hint);
  direction.key("state", message.server.state);
  direction.key("is_clean", message.server.is_clean);
  direction.key("system_identifier", message.server.system_identifier);
  direction.key("timeline", message.server.timeline);
  direction.key("checkpoint", message.server.checkpoint);
  direction.key("busy", message.busy);
  direction.key("did", message.did);
}

Error unreadable(const char* what, const std::string& trouble) {
  return {ErrorCode::command_failed, fmt::format("the {} cannot be read: {}", what, trouble)};
}

}  // namespace

std::string to_line(const Request& request) {
  Writer writer;
  walk_request(writer, request);
  return writer.line();
}

std::string to_line(const Report& report) {
  Writer writer;
  walk_report(writer, report);
  return writer.line();
}

Result<Request> parse_request(std::string_view line) {
  Reader reader(line);
  Request request;
  walk_request(reader, request);
  if (!reader.trouble().empty()) return unreadable("request", reader.trouble());
  if (request.command.empty()) return unreadable("request", "it names no command");
  return request;
}

Result<Report> parse_report(std::string_view line) {
  Reader reader(line);
  Report report;
  walk_report(reader, report);
  if (!reader.trouble().empty()) return unreadable("report", reader.trouble());
  return report;
}

}  // namespace howdah::agent
