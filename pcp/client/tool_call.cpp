#include "pcp/client/tool_call.hpp"

#include "pcp/replies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace howdah::pcp {

namespace {

constexpr std::int64_t kMaxNode = 127;  // backend_hostnameN

// State of one reading: the call so far, and words that became choices only at the end.
struct Draft {
  ToolCall call;
  std::optional<std::string> number;
  bool is_all = false;
  bool is_graceful = false;
  bool is_switchover = false;
  std::string mode = "s";
  std::string scope = "l";
};

// One option. `applies` says for which kinds of argument it exists; null: for all.
struct Option {
  char letter;
  std::string_view word;
  bool has_value;
  bool (*applies)(const Command& command);
  void (*take)(Draft& draft, const std::string& value);
  std::string_view help;
};

bool takes_node(const Command& c) {
  return c.arguments == ArgumentKind::node || c.arguments == ArgumentKind::node_or_all ||
         c.arguments == ArgumentKind::promote;
}
bool takes_process(const Command& c) { return c.arguments == ArgumentKind::process_or_all; }
bool takes_member(const Command& c) { return c.arguments == ArgumentKind::watchdog_or_all; }
bool takes_all(const Command& c) { return c.arguments == ArgumentKind::node_or_all || takes_process(c); }
bool takes_scope(const Command& c) {
  return c.arguments == ArgumentKind::scope || c.arguments == ArgumentKind::stop_mode;
}
bool takes_mode(const Command& c) { return c.arguments == ArgumentKind::stop_mode; }
bool takes_switchover(const Command& c) { return c.arguments == ArgumentKind::promote; }
bool has_graceful(const Command& c) { return find_command(c.name, Variant::graceful) != nullptr; }

void take_number(Draft& draft, const std::string& value) { draft.number = value; }

const std::array kOptions{
    Option{'n', "node-id", true, &takes_node, &take_number, "the node"},
    Option{'n', "watchdog-id", true, &takes_member, &take_number, "the member; 0 = this gateway"},
    Option{'P', "process-id", true, &takes_process, &take_number, "the worker, by its thread id"},
    Option{'a', "all", false, &takes_all, [](Draft& d, const std::string&) { d.is_all = true; },
           "everything, also free places"},
    Option{'g', "gracefully", false, &has_graceful, [](Draft& d, const std::string&) { d.is_graceful = true; },
           "wait until no client uses the node"},
    Option{'s', "switchover", false, &takes_switchover, [](Draft& d, const std::string&) { d.is_switchover = true; },
           "make the node the primary in PostgreSQL, too"},
    Option{'m', "mode", true, &takes_mode, [](Draft& d, const std::string& v) { d.mode = v; },
           "smart (default), fast or immediate"},
    Option{'s', "scope", true, &takes_scope, [](Draft& d, const std::string& v) { d.scope = v; },
           "local (default) or cluster"},
    Option{'h', "host", true, nullptr, [](Draft& d, const std::string& v) { d.call.host = v; },
           "host, address, or directory of a socket"},
    Option{'p', "port", true, nullptr,
           [](Draft& d, const std::string& v) {
             const auto port = parse_number(v);
             d.call.port = port && *port >= 1 && *port <= 65535 ? static_cast<std::uint16_t>(*port) : 0;
           },
           "port, 9898 if not given"},
    Option{'U', "username", true, nullptr, [](Draft& d, const std::string& v) { d.call.user = v; },
           "user of pcp.conf; yours if not given"},
    Option{'w', "no-password", false, nullptr, [](Draft& d, const std::string&) { d.call.never_prompts = true; },
           "never ask for a password"},
    Option{'W', "password", false, nullptr, [](Draft& d, const std::string&) { d.call.always_prompts = true; },
           "ask for the password in any case"},
    Option{'d', "debug", false, nullptr, [](Draft& d, const std::string&) { d.call.is_traced = true; },
           "show the packets"},
    Option{'v', "verbose", false, nullptr, [](Draft& d, const std::string&) { d.call.is_verbose = true; },
           "with names in front of the values"},
    Option{'V', "version", false, nullptr, [](Draft& d, const std::string&) { d.call.wants_version = true; },
           "show the version"},
    Option{'?', "help", false, nullptr, [](Draft& d, const std::string&) { d.call.wants_help = true; },
           "show this text"},
};

bool applies(const Option& option, const Command& command) {
  return option.applies == nullptr || option.applies(command);
}

template <typename Matches>
const Option* find_option(const Command& command, Matches&& matches) {
  for (const Option& option : kOptions)
    if (applies(option, command) && matches(option)) return &option;
  return nullptr;
}

Error mistake(std::string message) { return {ErrorCode::command_syntax, std::move(message)}; }

// Reads getopt's grammar: -abc, -pVALUE, -p VALUE, --word, --word=VALUE, --word VALUE, --, bare words anywhere.
class Reader {
 public:
  Reader(Draft& draft, const std::vector<std::string>& words) : draft_(draft), words_(words) {}

  Result<void> read() {
    while (at_ < words_.size()) {
      const std::string word = words_[at_++];
      Result<void> result;
      if (is_over_ || word.size() < 2 || word[0] != '-') {
        result = take_bare(word);
      } else if (word == "--") {
        is_over_ = true;
      } else if (word.starts_with("--")) {
        result = take_long(word.substr(2));
      } else {
        result = take_short(word.substr(1));
      }
      if (!result) return result;
    }
    return {};
  }

 private:
  const Command& command() const { return *draft_.call.command; }

  Result<void> take_bare(const std::string& word) {
    if (!takes_node(command()) && !takes_process(command()) && !takes_member(command()))
      return mistake(fmt::format("unexpected word \"{}\"", word));
    if (draft_.number) return mistake(fmt::format("more than one number: \"{}\"", word));
    draft_.number = word;
    return {};
  }

  Result<void> take_long(const std::string& text) {
    const auto equals = text.find('=');
    const std::string word = text.substr(0, equals);
    const Option* option = find_option(command(), [&](const Option& o) { return o.word == word; });
    if (option == nullptr) return mistake(fmt::format("unrecognized option '--{}'", word));
    if (!option->has_value && equals != std::string::npos)
      return mistake(fmt::format("option '--{}' doesn't allow an argument", word));
    if (equals != std::string::npos) {
      option->take(draft_, text.substr(equals + 1));
      return {};
    }
    return take_with_next(*option);
  }

  Result<void> take_short(std::string letters) {
    while (!letters.empty()) {
      const char letter = letters[0];
      letters.erase(0, 1);
      const Option* option = find_option(command(), [&](const Option& o) { return o.letter == letter; });
      if (option == nullptr) return mistake(fmt::format("invalid option -- '{}'", letter));
      if (option->has_value && !letters.empty()) {
        option->take(draft_, letters);
        return {};
      }
      if (auto result = take_with_next(*option); !result) return result;
    }
    return {};
  }

  Result<void> take_with_next(const Option& option) {
    if (option.has_value && at_ == words_.size())
      return mistake(fmt::format("option requires an argument -- '{}'", option.letter));
    option.take(draft_, option.has_value ? words_[at_++] : std::string());
    return {};
  }

  Draft& draft_;
  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  bool is_over_ = false;
};

Result<void> finish_number(Draft& draft) {
  const Command& command = *draft.call.command;
  const bool is_node = takes_node(command);
  const bool is_required = command.arguments == ArgumentKind::node || command.arguments == ArgumentKind::promote;
  if (!draft.number && is_required) return mistake("missing node-id");
  if (draft.number) {
    const auto number = parse_number(*draft.number);
    if (!number || *number < 0) return mistake(fmt::format("\"{}\" is not a number", *draft.number));
    if (is_node && *number > kMaxNode) return mistake("node-id is out of range");
    draft.call.arguments.text = *draft.number;
    return {};
  }
  if (takes_process(command)) draft.call.arguments.text = "0";
  if (command.arguments == ArgumentKind::node_or_all || takes_member(command)) draft.call.arguments.text = "-1";
  return {};
}

// The word or its first letter.
Result<char> choose(std::string_view given, std::initializer_list<std::string_view> words, std::string_view what) {
  for (const std::string_view word : words)
    if (given == word || given == word.substr(0, 1)) return word[0];
  return mistake(fmt::format("invalid {}: \"{}\"", what, given));
}

Result<void> finish_choice(Draft& draft) {
  ToolCall& call = draft.call;
  if (takes_switchover(*call.command)) call.arguments.choice = draft.is_switchover ? 's' : 'n';
  if (!takes_scope(*call.command)) return {};
  const auto scope = choose(draft.scope, {"local", "cluster"}, "scope");
  if (!scope) return scope.error();
  call.arguments.choice = *scope;
  if (!takes_mode(*call.command)) return {};
  const auto mode = choose(draft.mode, {"smart", "fast", "immediate"}, "mode");
  if (!mode) return mode.error();
  call.arguments.choice = *mode;
  if (*scope == 'c') call.command = find_command(call.command->name, Variant::cluster);
  return {};
}

}  // namespace

std::string tool_name(std::string_view name) {
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '-', '_');
  if (plain.starts_with("pcp_")) plain.erase(0, 4);
  return find_command(plain, Variant::plain) == nullptr ? std::string() : "pcp_" + plain;
}

Result<ToolCall> parse_tool_call(std::string_view tool, const std::vector<std::string>& words) {
  const std::string name = tool_name(tool);
  if (name.empty()) return mistake(fmt::format("no such command: \"{}\"", tool));
  Draft draft;
  draft.call.command = find_command(name.substr(4), Variant::plain);
  if (const auto result = Reader(draft, words).read(); !result) return result.error();
  if (draft.call.wants_help || draft.call.wants_version) return draft.call;
  if (draft.call.port == 0) return mistake("invalid port number");
  if (const auto result = finish_number(draft); !result) return result.error();
  if (const auto result = finish_choice(draft); !result) return result.error();
  if (draft.is_graceful) draft.call.command = find_command(draft.call.command->name, Variant::graceful);
  draft.call.shows_free_slots = draft.is_all;
  return draft.call;
}

std::string usage_text(std::string_view tool) {
  const std::string name = tool_name(tool);
  const Command* command = find_command(std::string_view(name).substr(4), Variant::plain);
  std::string text = fmt::format("{} - {}\n\nUsage:\n  {} [OPTION...]{}\n\nOptions:\n", name, command->help, name,
                                 takes_node(*command) ? " [node-id]" : "");
  for (const Option& option : kOptions) {
    if (!applies(option, *command)) continue;
    const std::string word = fmt::format("-{}, --{}{}", option.letter, option.word, option.has_value ? "=VALUE" : "");
    text += fmt::format("  {:<26} {}\n", word, option.help);
  }
  return text;
}

}  // namespace howdah::pcp
