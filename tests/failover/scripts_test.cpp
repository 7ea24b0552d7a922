// Plays tests/scripts/failover/*.txt: lines of what happens, and after each the lines that must follow ("> ..."). With
// HOWDAH_REWRITE_SCRIPTS set, the expectations are written anew instead; the difference is reviewed like code.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "tests/sim/world.hpp"

using namespace howdah;
using sim::World;
using sim::WorldOptions;

namespace {

Duration parse_duration(const std::string& text) {
  const double value = std::stod(text);
  const bool is_ms = text.ends_with("ms");
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(is_ms ? value / 1000 : value));
}

FailoverMode parse_mode(const std::string& text) {
  if (text == "command") return FailoverMode::command;
  if (text == "patroni") return FailoverMode::patroni;
  return text == "none" ? FailoverMode::none : FailoverMode::native;
}

class Player {
 public:
  Player() {
    options_.has_jitter = false;
    node_.check_timeout = 1s;
    node_.max_retries = 0;
  }

  // What the line brought about.
  std::vector<std::string> play(const std::string& line) {
    std::istringstream words(line);
    std::string verb, one, other;
    words >> verb >> one;
    std::getline(words >> std::ws, other);
    if (!world_ && set_option(verb, one, other)) return {};
    if (!world_) start();
    const auto known = verbs_.find(verb);
    if (known == verbs_.end()) throw std::runtime_error("unknown line: " + line);
    known->second(one, other);
    return world_->take_trace();
  }

 private:
  bool set_option(const std::string& name, const std::string& value, const std::string& rest) {
    if (name == "nodes") options_.nodes = std::stoi(value);
    else if (name == "mode") options_.failover.mode = parse_mode(value);
    else if (name == "retries") node_.max_retries = std::stoi(value);
    else if (name == "council") options_.failover.council = {true, {value, 1}};
    else if (name == "failover_command") options_.failover.failover_command = value + " " + rest;
    else if (name == "follow_primary_command") options_.failover.follow_primary_command = value + " " + rest;
    else if (name == "failback_command") options_.failover.failback_command = value + " " + rest;
    else if (name == "failover_on_backend_error") options_.health.failover_on_backend_error = value == "on";
    else if (name == "synchronous_standbys")
      options_.failover.synchronous = value == "strict" ? SynchronousPolicy::strict : SynchronousPolicy::available;
    else if (name == "detach_false_primary") options_.failover.may_standbys_decide = value == "on";
    else if (name == "auto_failback") options_.health.auto_failback = value == "on";
    else if (name == "agents") node_.agent_port = 1;
    else if (name == "views_told") options_.failover.are_views_told = value == "on";
    else if (name == "agent_rejoin") options_.failover.agent_rejoin = value == "on";
    else if (name == "disallow") disallowed_.push_back(std::stoul(value));
    else if (name == "always_primary") always_primary_.push_back(std::stoul(value));
    else return false;
    return true;
  }

  void start() {
    options_.health.nodes.assign(static_cast<std::size_t>(options_.nodes), node_);
    for (const std::size_t id : disallowed_) options_.health.nodes[id].may_fail_over = false;
    for (const std::size_t id : always_primary_) options_.health.nodes[id].is_always_primary = true;
    options_.failover.asks_patroni = options_.failover.mode == FailoverMode::patroni;
    world_ = std::make_unique<World>(options_);
    if (options_.failover.asks_patroni) world_->set_patroni(0);
  }

  // Another gateway: its primary and what it does with it.
  void set_peer(const std::string& name, const std::string& rest) {
    static const std::map<std::string, failover::Stance> kStances{{"writes", failover::Stance::writes},
                                                                  {"drains", failover::Stance::drains},
                                                                  {"quiet", failover::Stance::quiet},
                                                                  {"waits", failover::Stance::waits},
                                                                  {"down", failover::Stance::down}};
    std::istringstream words(rest);
    int primary = 0;
    std::string stance;
    words >> primary >> stance;
    auto& votes = world_->assembly().votes;
    std::erase_if(votes, [&](const failover::Vote& vote) { return vote.gateway.name == name; });
    votes.push_back({{name, 1}, NodeId{primary}, kStances.at(stance), world_->servers()});
  }

  using Verb = std::function<void(const std::string&, const std::string&)>;
  Verb on_node(std::function<void(int)> what) {
    return [what = std::move(what)](const std::string& id, const std::string&) { what(std::stoi(id)); };
  }
  std::map<std::string, Verb> verbs_{
      {"run", [this](const std::string& time, const std::string&) { world_->run_for(parse_duration(time)); }},
      {"kill", on_node([this](int id) { world_->kill(id); })},
      {"start", on_node([this](int id) { world_->start(id, 50ms); })},
      {"freeze", on_node([this](int id) { world_->freeze(id); })},
      {"thaw", on_node([this](int id) { world_->thaw(id); })},
      {"rebuild", on_node([this](int id) { world_->rebuild(id); })},
      {"doubt",
       [this](const std::string& node, const std::string& xid) {
         const Instant begun = world_->now() - 500ms;
         world_->look_up({std::stoull(xid), NodeId{std::stoi(node)}, world_->view().epoch, false, begun, begun}, 30s,
                         [this, xid](CommitOutcome outcome) { world_->note("fate xid=" + xid + " " + to_text(outcome)); });
       }},
      {"names", [this](const std::string& id, const std::string& names) { world_->node(std::stoi(id)).synchronous_names = names; }},
      {"commit",
       [this](const std::string& id, const std::string& xid) {
         world_->node(std::stoi(id)).wal.push_back({100, world_->node(std::stoi(id)).timeline, std::stoull(xid)});
       }},
      {"demote", [this](const std::string& id, const std::string& primary) { world_->demote(std::stoi(id), std::stoi(primary)); }},
      {"clone_by_hand", [this](const std::string& id, const std::string& of) { world_->clone_by_hand(std::stoi(id), std::stoi(of)); }},
      {"promote_by_hand", on_node([this](int id) { world_->promote_by_hand(id); })},
      {"cut_gateway", on_node([this](int id) { world_->cut_gateway(id); })},
      {"cut_answers", on_node([this](int id) { world_->cut_gateway(id, World::Way::in); })},
      {"hang_disk", on_node([this](int id) { world_->node(id).is_disk_hung = true; })},
      {"cut_agent", on_node([this](int id) { world_->cut_agent(id); })},
      {"heal", [this](const std::string&, const std::string&) { world_->heal(); }},
      {"patroni_leader",
       [this](const std::string& id, const std::string&) {
         world_->set_patroni(id == "none" ? std::nullopt : std::optional(std::stoi(id)));
       }},
      {"patroni_silent", [this](const std::string&, const std::string&) { world_->silence_patroni(); }},
      {"peer", [this](const std::string& name, const std::string& rest) { set_peer(name, rest); }},
      {"peer_gone",
       [this](const std::string& name, const std::string&) {
         std::erase_if(world_->assembly().votes, [&](const failover::Vote& vote) { return vote.gateway.name == name; });
         if (world_->assembly().lock && world_->assembly().lock->gateway.name == name) world_->assembly().lock.reset();
       }},
      {"peer_lock",
       [this](const std::string& name, const std::string& purpose) {
         world_->assembly().lock = failover::LockRow{
             {name, 1}, purpose == "switchover" ? failover::LockPurpose::switchover : failover::LockPurpose::failover, NodeId{0},
             world_->next_revision()};
       }},
      {"peer_unlock", [this](const std::string&, const std::string&) { world_->assembly().lock.reset(); }},
      {"peer_claim",
       [this](const std::string& name, const std::string& node) {
         const auto& office = world_->assembly().office;
         world_->assembly().office = failover::OfficeRow{Epoch{office ? office->epoch.value + 1 : 1}, NodeId{std::stoi(node)},
                                                         TimelineId{1}, {name, 1}, world_->next_revision()};
       }},
      {"peer_misnumbered",
       [this](const std::string& name, const std::string&) {
         world_->assembly().votes.push_back({{name, 1}, NodeId{0}, failover::Stance::down, "0=node1 1=node0 2=node2"});
       }},
      {"etcd_away", [this](const std::string&, const std::string&) { world_->set_etcd_away(true); }},
      {"etcd_back", [this](const std::string&, const std::string&) { world_->set_etcd_away(false); }},
      {"take_view", [this](const std::string&, const std::string&) { world_->post(failover::ViewTaken{world_->view().version}); }},
      {"quiet_view", [this](const std::string&, const std::string&) { world_->post(failover::ViewTaken{world_->view().version, true}); }},
      {"restart_gateway", [this](const std::string&, const std::string&) { world_->restart_gateway(); }},
      {"cut", [this](const std::string& a, const std::string& b) { world_->cut(std::stoi(a), std::stoi(b)); }},
      {"crash_backend",
       [this](const std::string& id, const std::string& takes) { world_->crash_backend(std::stoi(id), parse_duration(takes)); }},
      {"slow", [this](const std::string& id, const std::string& latency) { world_->set_latency(std::stoi(id), parse_duration(latency)); }},
      {"busy", [this](const std::string& id, const std::string& count) { world_->node(std::stoi(id)).open_transactions = std::stoi(count); }},
      {"write",
       [this](const std::string& id, const std::string& count) {
         for (int i = 0; i < std::stoi(count); ++i) world_->node(std::stoi(id)).wal.push_back({100, world_->node(std::stoi(id)).timeline});
       }},
      {"refused", on_node([this](int id) { world_->report_failure(id, health::FailureKind::refused); })},
      {"attach", on_node([this](int id) { world_->request(failover::AttachRequest{++request_, NodeId{id}}, "attach"); })},
      {"detach", on_node([this](int id) { world_->request(failover::DetachRequest{++request_, NodeId{id}}, "detach"); })},
      {"promote", on_node([this](int id) { world_->request(failover::PromoteRequest{++request_, NodeId{id}, false}, "promote"); })},
      {"switchover", on_node([this](int id) { world_->request(failover::PromoteRequest{++request_, NodeId{id}, true}, "switchover"); })},
  };

  WorldOptions options_;
  health::NodeOptions node_;
  std::vector<std::size_t> disallowed_, always_primary_;
  failover::RequestId request_ = 0;
  std::unique_ptr<World> world_;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string play_script(const std::string& script) {
  Player player;
  std::string played, line;
  for (std::istringstream lines(script); std::getline(lines, line);) {
    if (line.starts_with("> ")) continue;
    played += line + "\n";
    if (line.empty() || line.starts_with('#')) continue;
    for (const std::string& happened : player.play(line)) played += "> " + happened + "\n";
  }
  return played;
}

}  // namespace

TEST_CASE("failover scripts play as written") {
  const std::filesystem::path folder = std::filesystem::path(TEST_SOURCE_DIR) / "scripts" / "failover";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    ++count;
    const std::string script = read_file(entry.path());
    const std::string played = play_script(script);
    INFO("script " << entry.path());
    if (std::getenv("HOWDAH_REWRITE_SCRIPTS") != nullptr) std::ofstream(entry.path()) << played;
    else CHECK(played == script);
  }
  CHECK(count >= 12);
}
