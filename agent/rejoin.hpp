// Makes the server of an agent a standby of the primary in office, whatever it is now: stops it, rewinds it where its
// history has left the primary's, copies the primary anew where that cannot be, and starts it. A procedure: step() takes what came
// of the last action and says the next; RejoinFinished is the last.
//
// Any step may have been broken off by a crash before, so each can be repeated; the configuration that was put aside before
// pg_rewind replaces it by the primary's stays aside until it has been put back.
#pragma once

#include <string>
#include <variant>

#include "agent/protocol.hpp"

namespace howdah::agent {

// --- what is to be done next
struct Look {};  // answered with `facts`
struct StopServer {
  std::string mode;  // fast, immediate
};
struct SaveConfig {};     // puts the server's configuration files aside, unless an earlier attempt has
struct RestoreConfig {};  // puts them back, if they were put aside
struct RemoveSignals {};  // standby.signal and recovery.signal
struct Rewind {};         // pg_rewind from the primary in office
struct Clone {};          // pg_basebackup of it beside the data directory, which is then exchanged and kept as .old
struct ConfigureStandby {};  // standby.signal, primary_conninfo, primary_slot_name
struct StartServer {
  bool may_be_primary = false;  // else it is started with a standby.signal only
};
struct RejoinFinished {
  Report report;  // without the server's facts
};
using RejoinAction = std::variant<Look, StopServer, SaveConfig, RestoreConfig, RemoveSignals, Rewind, Clone, ConfigureStandby,
                                  StartServer, RejoinFinished>;

// --- what came of it
struct RejoinOutcome {
  std::string error = {};  // empty: done
  ServerFacts facts = {};  // of Look
};

class Rejoin {
 public:
  // `is_clone`: copy anew in any case.
  Rejoin(Request order, bool is_clone) : order_(std::move(order)), is_clone_(is_clone) {}

  // The first call begins; its outcome is not looked at.
  RejoinAction step(const RejoinOutcome& outcome);

 private:
  enum class Stage {
    begin, looking, stopping, stopping_hard, looking_again, saving, unsignalling, rewinding, cloning, restoring,
    configuring, starting,
  };

  RejoinAction go(Stage stage, RejoinAction action);
  RejoinAction judge(const ServerFacts& facts);
  RejoinAction begin_work(const ServerFacts& facts);
  RejoinAction clone_or_fail(const std::string& what, const std::string& error);
  RejoinAction take_start(const std::string& error);

  Request order_;
  bool is_clone_;
  Stage stage_ = Stage::begin;
  std::string did_ = "followed";
};

bool is_other_system(const Request& order, const ServerFacts& facts);
// Why an order to change the server's history must not be followed; empty: nothing against it.
std::string object_to(const Request& order, const ServerFacts& facts);

}  // namespace howdah::agent
