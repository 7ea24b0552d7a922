#include "agent/rejoin.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace howdah::agent {

namespace {

RejoinFinished failed(std::string error, std::string hint = {}) {
  return {{.error = std::move(error), .hint = std::move(hint)}};
}

// It becomes a part of the server's configuration and of a program's arguments.
bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

}  // namespace

bool is_other_system(const Request& order, const ServerFacts& facts) {
  return order.system_identifier != 0 && facts.system_identifier != 0 && order.system_identifier != facts.system_identifier;
}

// A gateway that has not heard of a promotion yet must not take the new primary's history away.
std::string object_to(const Request& order, const ServerFacts& facts) {
  if (facts.state != ServerState::absent && facts.system_identifier == 0)
    return "pg_controldata does not tell what the server is";
  if (is_other_system(order, facts))
    return fmt::format("the server belongs to another database system: {} instead of {}", facts.system_identifier,
                       order.system_identifier);
  if (facts.timeline > order.timeline)
    return fmt::format("the server is ahead: it has seen timeline {}, the order is of timeline {}", facts.timeline.value,
                       order.timeline.value);
  return {};
}

RejoinAction Rejoin::go(Stage stage, RejoinAction action) {
  stage_ = stage;
  return action;
}

RejoinAction Rejoin::step(const RejoinOutcome& outcome) {
  const bool is_ok = outcome.error.empty();
  switch (stage_) {
    case Stage::begin: return go(Stage::looking, Look{});
    case Stage::looking: return judge(outcome.facts);
    case Stage::stopping:
      if (!is_ok) return go(Stage::stopping_hard, StopServer{"immediate"});
      return go(Stage::looking_again, Look{});
    case Stage::stopping_hard:
      if (!is_ok) return failed("the server cannot be stopped: " + outcome.error);
      return go(Stage::looking_again, Look{});
    case Stage::looking_again: return begin_work(outcome.facts);
    case Stage::saving:
      if (!is_ok) return failed("the configuration files cannot be put aside: " + outcome.error);
      return is_clone_ ? go(Stage::cloning, Clone{}) : go(Stage::unsignalling, RemoveSignals{});
    case Stage::unsignalling:
      if (!is_ok) return failed("the signal files cannot be removed: " + outcome.error);
      return go(Stage::rewinding, Rewind{});
    case Stage::rewinding:
      if (!is_ok) return clone_or_fail("pg_rewind failed", outcome.error);
      did_ = "rewound";
      return go(Stage::restoring, RestoreConfig{});
    case Stage::cloning:
      if (!is_ok) return failed("the primary cannot be copied: " + outcome.error);
      did_ = "cloned";
      return go(Stage::restoring, RestoreConfig{});
    case Stage::restoring:
      if (!is_ok) return failed("the configuration files cannot be put back: " + outcome.error);
      return go(Stage::configuring, ConfigureStandby{});
    case Stage::configuring:
      if (!is_ok) return failed("the server cannot be made a standby: " + outcome.error);
      return go(Stage::starting, StartServer{});
    case Stage::starting: return take_start(outcome.error);
  }
  return failed("nothing is left to do");
}

RejoinAction Rejoin::judge(const ServerFacts& facts) {
  if (order_.primary_host.empty() || order_.primary_port == 0 || order_.timeline == TimelineId{})
    return failed("the order names no primary and timeline");
  if (!is_plain(order_.primary_host) || !is_plain(order_.slot)) return failed("the order names a primary or slot that is none");
  if (auto objection = object_to(order_, facts); !objection.empty())
    return failed(std::move(objection), "rebuild it by hand if its history is not wanted");
  // Of the timeline in office there is one primary, and this is it: a standby comes from an older one.
  if (facts.state == ServerState::primary && facts.timeline == order_.timeline)
    return failed("the server is a primary on the order's own timeline", "stop it first if it is not wanted");
  if (facts.state == ServerState::absent) {
    is_clone_ = true;
    if (!order_.may_clone) return failed("there is no data directory", "agent_clone = on, or howdah's clone, makes one");
    return go(Stage::cloning, Clone{});
  }
  // Also a stopped one: processes that a dead postmaster has left behind are ended with it.
  return go(Stage::stopping, StopServer{"fast"});
}

RejoinAction Rejoin::begin_work(const ServerFacts& facts) {
  if (facts.is_running()) return failed("the server goes on running");
  // What it wrote until it was stopped is nothing that the primary does not have.
  const bool may_follow = facts.is_clean && order_.clean_at != Lsn{} && facts.checkpoint == order_.clean_at;
  if (may_follow && !is_clone_) return go(Stage::restoring, RestoreConfig{});
  return go(Stage::saving, SaveConfig{});
}

RejoinAction Rejoin::clone_or_fail(const std::string& what, const std::string& error) {
  if (order_.may_clone) {
    is_clone_ = true;
    return go(Stage::cloning, Clone{});
  }
  return failed(fmt::format("{}: {}", what, error), "agent_clone = on copies the primary anew instead");
}

RejoinAction Rejoin::take_start(const std::string& error) {
  if (error.empty()) return RejoinFinished{{.did = did_}};
  if (!is_clone_) return clone_or_fail("the server does not start", error);
  return failed("the server does not start: " + error, "its log tells why");
}

}  // namespace howdah::agent
