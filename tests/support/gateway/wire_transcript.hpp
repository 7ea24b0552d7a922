// Plays the scripts of tests/scripts/wire: what one client sends and what it must receive. A line is one of
//   # comment
//   set NAME VALUE               pool_mode, chunk, startup settings as "startup name=value"; before anything else
//   > TAG FIELDS                 a message to send; fields separated by '|', as in encode()
//   < ANSWER ANSWER ...          what must come: tag, or tag:TEXT that the message must contain; D*3 is D D D, D+ one or more
//   ! EVENT                      cancel, kill_backend, kill_replica, kill_primary, lose_primary, promote, pass SECONDS, answer,
//                                replicate (the replica has replayed all that was written) ...
//   = FACT VALUE                 primary_log/replica_log contains, held yes/no, state NAME, pinned REASON/no, closed REASON
// `>` lines up to the next other line leave together. In the texts, 'me' stands for the client's own mark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/gateway/session_world.hpp"

namespace howdah::test {

struct ScriptLine {
  char kind = '#';
  std::string text;
  int number = 0;
};

struct Script {
  std::string name;
  std::vector<ScriptLine> lines;
  WorldOptions world;
  std::vector<std::pair<std::string, std::string>> startup;
  int requests = 0;      // Query, FunctionCall and Sync messages
  bool has_copy = false;          // a Sync may then have no answer
  bool has_open_batches = false;  // an error in one of them skips the requests behind it, up to a Sync
  bool has_large_messages = false;
  bool has_foreign_rows = false;  // rows without the mark of the client: SHOW and the like
};

Script read_script(const std::string& path);
std::vector<std::string> script_paths(const std::string& directory);

// A client message from a script's text.
std::string encode(std::string_view text);

struct ServerMessage {
  char tag;
  std::string body;
};
// Messages received; an incomplete end is left out.
std::vector<ServerMessage> split(std::string_view received);
std::string sqlstate_of(const ServerMessage& message);

enum class Fault { none, backend_lost, client_gone, cancel, timeout, primary_lost };

// Plays it as written. The result names each difference, with its line.
std::vector<std::string> play(const Script& script, std::size_t chunk, bool is_whole_answers);

// Plays it with the fault after the step-th delivery, ignoring what the script expects, and checks what must hold anyway:
// each request ends once, all rows are the client's own, connections are returned clean, the next user is served.
// `ended` is set when the script was over before the fault.
std::vector<std::string> play_with_fault(const Script& script, Fault fault, std::size_t chunk, int step, bool& ended);

}  // namespace howdah::test
