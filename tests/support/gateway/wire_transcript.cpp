#include "tests/support/gateway/wire_transcript.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <sstream>

#include "gateway/wire/messages.hpp"

namespace howdah::test {

using namespace session;

namespace {

std::vector<std::string> fields_of(std::string_view text) {
  std::vector<std::string> fields(1);
  for (const char c : text) {
    if (c == '|') {
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  return fields;
}

// "@N" stands for N bytes of text, for messages that are large.
std::string expanded(std::string text) {
  const std::size_t at = text.find('@');
  if (at == std::string::npos) return text;
  const auto size = static_cast<std::size_t>(std::strtoul(text.c_str() + at + 1, nullptr, 10));
  std::size_t end = at + 1;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  return text.substr(0, at) + std::string(size, 'z') + text.substr(end);
}

void apply_setting(Script& script, const std::string& text) {
  std::istringstream in(text);
  std::string name, value;
  in >> name;
  std::getline(in >> std::ws, value);
  SessionOptions& options = script.world.session;
  if (name == "pool_mode" && value == "session") options.pool_mode = PoolMode::session;
  if (name == "pool_mode" && value == "statement") options.pool_mode = PoolMode::statement;
  if (name == "startup") script.startup.emplace_back(value.substr(0, value.find('=')), value.substr(value.find('=') + 1));
  if (name == "foreign_rows") script.has_foreign_rows = true;
  if (name == "large") script.has_large_messages = true;
  if (name == "no_replica") script.world.has_replica = false;
  if (name == "commit_safety") options.commit_safety = value == "strict" ? CommitSafety::strict : CommitSafety::pipelined;
  if (name == "load_balance_transactions") script.world.routing.load_balance_transactions = value == "on";
  if (name == "transaction_replay") options.transaction_replay = value == "on";
  if (name == "max_parse_size") options.max_parse_size = std::strtoul(value.c_str(), nullptr, 10);
  if (name == "max_prepared_statements") options.max_prepared_statements = std::strtoul(value.c_str(), nullptr, 10);
  const auto duration = seconds(std::strtol(value.c_str(), nullptr, 10));
  if (name == "query_timeout") options.query_timeout = duration;
  if (name == "idle_transaction_timeout") options.idle_transaction_timeout = duration;
  if (name == "transaction_timeout") options.transaction_timeout = duration;
  if (name == "client_idle_limit") options.client_idle_limit = duration;
  if (name == "primary_wait_timeout") options.primary_wait_timeout = duration;
}

struct Player {
  explicit Player(const Script& what, WorldOptions options) : script(what), world(std::move(options)) {
    id = world.add_client(script.startup);
    world.run();
    seen = split(world.client(id).received).size();
  }

  void happen(const std::string& event) {
    std::istringstream in(event);
    std::string what;
    long number = 0;
    in >> what >> number;
    if (what == "cancel") world.event(id, CancelAsked{});
    if (what == "kill_backend") world.kill_backend_of(id);
    if (what == "kill_replica") world.kill_node(World::kReplica);
    if (what == "kill_primary") world.kill_node(World::kPrimary);
    if (what == "die_at_commit") world.die_at_commit();
    if (what == "fate_committed") world.fate = CommitOutcome::committed;
    if (what == "fate_unknown") world.fate = CommitOutcome::unknown;
    if (what == "fate_prepared") world.fate = CommitOutcome::prepared;
    if (what == "fate_not_committed") world.fate = CommitOutcome::not_committed;
    if (what == "lose_primary") world.kill_node(World::kPrimary), world.set_primary(std::nullopt);
    if (what == "promote") world.set_primary(World::kReplica);
    if (what == "restore_primary") world.revive_node(World::kPrimary), world.set_primary(World::kPrimary);
    if (what == "replicate") world.pass(1s), world.set_primary(World::kPrimary);
    if (what == "pass") world.pass(seconds(number));
    if (what == "shut_down") world.event(id, ShutDown{});
    if (what == "answer") answer_local();
  }

  void answer_local() {
    World::Client& client = world.client(id);
    if (client.asked.empty()) return;
    client.asked.pop_front();
    world.event(id, LocalAnswer{TextTable{.columns = {"node_id", "status"}, .rows = {{"0", "up"}, {"1", std::nullopt}}}});
  }

  const Script& script;
  World world;
  std::size_t id = 0;
  std::size_t seen = 0;
};

bool matches(const ServerMessage& message, const std::string& wanted) {
  if (message.tag != wanted[0]) return false;
  return wanted.size() < 3 || message.body.find(wanted.substr(2)) != std::string::npos;
}

// "D+" stands for one or more of them.
bool is_same_answer(std::span<const ServerMessage> got, const std::vector<std::string>& wanted) {
  std::size_t at = 0;
  for (const std::string& one : wanted) {
    if (at == got.size() || !matches(got[at], one)) return false;
    ++at;
    while (one.ends_with('+') && at < got.size() && got[at].tag == one[0]) ++at;
  }
  return at == got.size();
}

std::vector<std::string> answers_of(const std::string& text) {
  std::vector<std::string> answers;
  std::istringstream in(text);
  for (std::string one; in >> one;) {
    std::replace(one.begin(), one.end(), '~', ' ');  // a blank inside an answer's text
    if (one.size() > 2 && one[1] == '*') {
      answers.insert(answers.end(), std::strtoul(one.c_str() + 2, nullptr, 10), one.substr(0, 1));
    } else {
      answers.push_back(one);
    }
  }
  return answers;
}

std::string check_fact(Player& player, const std::string& text) {
  std::istringstream in(text);
  std::string name, value;
  in >> name;
  std::getline(in >> std::ws, value);
  const World::Client& client = player.world.client(player.id);
  const auto log_has = [&](NodeId node) {
    const auto log = player.world.node_log(node);
    return std::any_of(log.begin(), log.end(), [&](const std::string& sql) { return sql.find(value) != std::string::npos; });
  };
  std::string is;
  if (name == "primary_log") return log_has(World::kPrimary) ? "" : "not in the primary's log: " + value;
  if (name == "replica_log") return log_has(World::kReplica) ? "" : "not in the replica's log: " + value;
  if (name == "not_in_primary_log") return log_has(World::kPrimary) ? "in the primary's log: " + value : "";
  if (name == "not_in_replica_log") return log_has(World::kReplica) ? "in the replica's log: " + value : "";
  if (name == "held") is = client.session->backend() != nullptr ? "yes" : "no";
  if (name == "state") is = name_of(client.session->state());
  if (name == "closed") is = client.closed ? name_of(*client.closed) : "no";
  if (name == "cancels") is = std::to_string(player.world.cancels);
  if (name == "doubt") is = client.doubt ? std::to_string(client.doubt->xid) : "none";
  if (name == "asked") is = client.asked.empty() ? "" : client.asked.front();
  if (name == "pinned") {
    const auto reason = client.session->pin_reason();
    is = reason ? std::string(to_text(*reason)) : "no";
  }
  return is == value ? "" : fmt::format("{} is '{}', not '{}'", name, is, value);
}

}  // namespace

std::string encode(std::string_view text) {
  std::string out;
  const char tag = text[0];
  const auto fields = fields_of(text.size() > 2 ? text.substr(2) : "");
  const auto field = [&](std::size_t i) { return i < fields.size() ? expanded(fields[i]) : std::string(); };
  const auto target = [&] { return field(0) == "S" ? wire::Target::statement : wire::Target::portal; };
  switch (tag) {
    case 'Q': wire::append_query(out, field(0)); break;
    case 'P': wire::append_parse(out, field(0), field(1)); break;
    case 'B': {
      const std::string parameter = field(2);
      std::vector<std::optional<std::string_view>> parameters;
      if (!parameter.empty()) parameters.emplace_back(parameter);
      wire::append_bind(out, field(0), field(1), parameters);
      break;
    }
    case 'D': wire::append_describe(out, target(), field(1)); break;
    case 'C': wire::append_close(out, target(), field(1)); break;
    case 'E': wire::append_execute(out, field(0), std::atoi(field(1).c_str())); break;
    case 'S': wire::append_sync(out); break;
    case 'H': wire::append_flush(out); break;
    case 'd': wire::append_client_copy_data(out, field(0)); break;
    case 'c': wire::append_client_copy_done(out); break;
    case 'f': wire::append_copy_fail(out, field(0)); break;
    case 'F': wire::append_function_call(out, 1, {}); break;
    case 'X': wire::append_terminate(out); break;
    case '?': out = field(0); break;  // bytes as they are
    default: break;
  }
  return out;
}

std::vector<ServerMessage> split(std::string_view received) {
  std::vector<ServerMessage> messages;
  while (received.size() >= 5) {
    const std::size_t total = std::size_t{load_u32(received.data() + 1)} + 1;
    if (received.size() < total) break;
    messages.push_back({received[0], std::string(received.substr(5, total - 5))});
    received.remove_prefix(total);
  }
  return messages;
}

std::string sqlstate_of(const ServerMessage& message) {
  return std::string(wire::ErrorView(as_bytes(message.body)).sqlstate());
}

Script read_script(const std::string& path) {
  Script script;
  script.name = std::filesystem::path(path).stem().string();
  std::ifstream in(path);
  std::string line;
  bool is_in_batch = false;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("set ")) {
      apply_setting(script, line.substr(4));
      continue;
    }
    script.lines.push_back({line[0], line.substr(2), number});
    if (line[0] != '>') continue;
    const char tag = line[2];
    const bool is_simple = tag == 'Q' || tag == 'F';
    script.has_open_batches |= is_simple && is_in_batch;
    is_in_batch = !is_simple && tag != 'S' && (is_in_batch || std::string_view("PBDEC").find(tag) != std::string_view::npos);
    script.requests += tag == 'Q' || tag == 'F' || tag == 'S' ? 1 : 0;
    script.has_copy |= tag == 'd' || tag == 'c' || tag == 'f';
  }
  return script;
}

std::vector<std::string> script_paths(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<std::string> play(const Script& script, std::size_t chunk, bool is_whole_answers) {
  WorldOptions options = script.world;
  options.chunk = chunk;
  options.is_whole_answers = is_whole_answers;
  Player player(script, options);
  std::vector<std::string> problems;
  std::string outgoing;
  for (const ScriptLine& line : script.lines) {
    if (line.kind == '>') {
      outgoing += encode(line.text);
      continue;
    }
    player.world.send(player.id, std::exchange(outgoing, {}));
    if (line.kind != '!' || !line.text.starts_with("kill_backend")) player.world.run();
    if (line.kind == '!') {
      player.happen(line.text);
      player.world.run();
      continue;
    }
    if (line.kind == '=') {
      const std::string wrong = check_fact(player, line.text);
      if (!wrong.empty()) problems.push_back(fmt::format("{}:{}: {}", script.name, line.number, wrong));
      continue;
    }
    const auto got = split(player.world.client(player.id).received);
    const auto wanted = answers_of(line.text);
    std::string shown;
    for (std::size_t i = player.seen; i < got.size(); ++i)
      shown += fmt::format(" {}{}", got[i].tag, got[i].tag == 'E' ? ":" + sqlstate_of(got[i]) : got[i].tag == 'Z' ? ":" + got[i].body : "");
    if (!is_same_answer(std::span(got).subspan(player.seen), wanted)) problems.push_back(fmt::format("{}:{}: wanted {} but got{}", script.name, line.number, line.text, shown));
    player.seen = got.size();
  }
  player.world.send(player.id, outgoing);
  player.world.run();
  player.world.close_client(player.id);
  player.world.run();
  for (const std::string& problem : player.world.problems()) problems.push_back(script.name + ": " + problem);
  if (player.world.leased_count() != 0) problems.push_back(script.name + ": a connection was not returned");
  return problems;
}

namespace {

// What must hold whatever happened.
void check_answers(const Script& script, const World::Client& client, int requests, std::vector<std::string>& problems,
                   const std::string& where) {
  const auto messages = split(client.received);
  int ready = 0;
  int errors = 0;
  for (const ServerMessage& message : messages) {
    if (message.tag == 'E') ++errors;
    if (message.tag == 'Z') {
      if (errors > 1) problems.push_back(where + ": two errors for one request");
      errors = 0;
      ++ready;
    }
    const bool is_local = message.body.find("up") != std::string::npos || message.body.size() < 12;
    if (message.tag == 'D' && !is_local && message.body.find("'me'") == std::string::npos && !script.has_foreign_rows)
      problems.push_back(where + ": a row of somebody else: " + message.body);
  }
  if (client.closed) return;
  const int wanted = requests + 1;  // and the welcome
  if (ready != wanted && !script.has_copy && !script.has_open_batches) problems.push_back(fmt::format("{}: {} of {} requests ended", where, ready, wanted));
  if (messages.empty() || messages.back().tag != 'Z') problems.push_back(where + ": the last request has no end");
}

void check_next_user(World& world, std::vector<std::string>& problems, const std::string& where) {
  const std::size_t next = world.add_client({{"application_name", "next"}});
  world.run();
  std::string bytes;
  wire::append_query(bytes, "SELECT 'next' FROM t2");
  wire::append_query(bytes, "INSERT INTO t VALUES ('next')");
  world.send(next, bytes);
  world.run();
  std::string shown;
  for (const ServerMessage& message : split(world.client(next).received)) {
    if (message.tag == 'D' && message.body.find("'next'") == std::string::npos)
      problems.push_back(where + ": the next user got a row of somebody else");
    if (message.tag != 'S') shown.push_back(message.tag);  // may come at any time
  }
  const std::size_t answers = shown.find('Z') + 1;
  if (shown.substr(answers) != "TDDCZCZ") problems.push_back(where + ": the next user got " + shown);
}

// A script that is played with a fault after so many deliveries.
class FaultPlay {
 public:
  FaultPlay(const Script& script, const WorldOptions& options, Fault fault, int step)
      : player(script, options), script_(script), fault_(fault), left_(step) {}

  // True: the script was over before the fault's turn came.
  bool play() {
    std::string outgoing;
    for (const ScriptLine& line : script_.lines) {
      if (line.kind == '>') {
        outgoing += encode(line.text);
        continue;
      }
      player.world.send(player.id, std::exchange(outgoing, {}));
      advance();
      advance();
    }
    player.world.send(player.id, outgoing);
    advance();
    return !std::exchange(is_struck_, true);
  }

  // A primary comes back, as another node if there is one.
  void recover() {
    if (fault_ != Fault::primary_lost) return;
    if (!script_.world.has_replica) player.world.revive_node(World::kPrimary);
    player.world.set_primary(script_.world.has_replica ? World::kReplica : World::kPrimary);
    advance();
    advance();
  }

  // Whatever state the client is in, these two requests end; how many were sent.
  int end() {
    if (player.world.client(player.id).closed) return 0;
    std::string bytes;
    wire::append_query(bytes, "ROLLBACK");
    wire::append_query(bytes, "SELECT 'me' FROM t1");
    if (script_.has_copy) bytes = encode("f over") + encode("S") + bytes;
    player.world.send(player.id, bytes);
    advance();
    advance();
    recover();
    return 2;
  }

  Player player;

 private:
  void strike() {
    is_struck_ = true;
    switch (fault_) {
      case Fault::backend_lost: player.world.kill_backend_of(player.id); break;
      case Fault::client_gone: player.world.close_client(player.id); break;
      case Fault::cancel: player.world.event(player.id, CancelAsked{}); break;
      case Fault::timeout: player.world.pass(3600s); break;
      case Fault::primary_lost:
        player.world.kill_node(World::kPrimary);
        player.world.set_primary(std::nullopt);
        break;
      case Fault::none: break;
    }
  }

  void advance() {
    bool has_waited = false;
    while (true) {
      if (!is_struck_ && left_-- == 0) strike();
      if (player.world.step()) continue;
      if (!is_struck_ || has_waited) break;
      player.world.pass(1s);  // what is tried again after a while
      has_waited = true;
    }
    player.answer_local();
  }

  const Script& script_;
  Fault fault_;
  int left_;
  bool is_struck_ = false;
};

}  // namespace

std::vector<std::string> play_with_fault(const Script& script, Fault fault, std::size_t chunk, int step, bool& ended) {
  WorldOptions options = script.world;
  options.chunk = chunk;
  FaultPlay play(script, options, fault, step);
  ended = play.play();
  play.recover();
  const int requests = script.requests + play.end();
  World& world = play.player.world;
  std::vector<std::string> problems;
  const std::string where = fmt::format("{} fault {} at step {}", script.name, static_cast<int>(fault), step);
  check_answers(script, world.client(play.player.id), requests, problems, where);
  world.close_client(play.player.id);
  world.run();
  if (world.leased_count() != 0) problems.push_back(where + ": a connection was not returned");
  check_next_user(world, problems, where);
  for (const std::string& problem : world.problems()) problems.push_back(where + ": " + problem);
  return problems;
}

}  // namespace howdah::test
