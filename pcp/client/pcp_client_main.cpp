#include "pcp/client/io_client.hpp"
#include "pcp/client/mains.hpp"
#include "pcp/client/output.hpp"
#include "pcp/client/password_file.hpp"
#include "pcp/client/terminal.hpp"
#include "pcp/client/tool_call.hpp"
#include "pcp/reports.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

namespace howdah::pcp {

namespace {

constexpr std::string_view kVersion = HOWDAH_VERSION;

int fail(const Error& error) {
  fmt::print(stderr, "ERROR: {}\n", to_text(error));
  return kFailed;
}

// The password file comes first, as with Pgpool 4.7. -w never asks: a script must not hang on a prompt.
std::string find_or_ask_password(const ToolCall& call) {
  if (!call.always_prompts) {
    const bool is_default_socket = call.host.empty() || call.host == "/tmp" || call.host == "/var/run/postgresql";
    const std::string host = is_default_socket ? "localhost" : call.host;
    if (const auto text = read_password_file())
      if (const auto password = find_password(*text, host, fmt::to_string(call.port), call.user)) return *password;
    if (call.never_prompts) return {};
  }
  return ask_password("Password: ");
}

int show(const ToolCall& call, const ServerReply& reply) {
  for (const ServerMessage& notice : reply.notices) fmt::print(stderr, "{}", to_text(notice));
  if (reply.error) {
    fmt::print(stderr, "{}", to_text(*reply.error));
    return kFailed;
  }
  const auto text = render_output(call, reply);
  if (!text) return fail(text.error());
  fmt::print("{}", *text);
  return kDone;
}

int run(ToolCall call) {
  if (call.user.empty()) call.user = operating_system_user();
  const std::string password = find_or_ask_password(call);
  IoClient client(call.is_traced);
  if (const auto connected = client.connect(call.host, call.port); !connected) return fail(connected.error());
  const auto login = client.log_in(call.user, password);
  if (!login) return fail(login.error());
  if (login->error) {
    fmt::print(stderr, "{}", to_text(*login->error));
    return kFailed;
  }
  const auto reply = client.ask(*call.command, call.arguments);
  if (!reply) return fail(reply.error());
  return show(call, *reply);
}

}  // namespace

bool is_pcp_tool(std::string_view name) { return !tool_name(name).empty(); }

int pcp_client_main(std::string_view tool, int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string name = tool_name(tool);
  const auto call = parse_tool_call(tool, words);
  if (!call) {
    fmt::print(stderr, "{}: {}\n", name.empty() ? "pcp" : name, call.error().message);
    if (!name.empty()) fmt::print(stderr, "Try \"{} --help\" for more information.\n\n", name);
    return kFailed;
  }
  if (call->wants_help) {
    fmt::print(stderr, "{}", usage_text(tool));
    return kDone;
  }
  if (call->wants_version) {
    fmt::print(stderr, "{} (pgpool-II) {}\n", name, pool_version(kVersion));
    return kDone;
  }
  return run(*call);
}

}  // namespace howdah::pcp
