// What a session's settings are, and what its open transaction would make of them. PostgreSQL undoes a SET with the
// transaction or the savepoint it was made in, so changes are kept in layers, one for the transaction and one for each
// savepoint, until the server says how the transaction ended. SET LOCAL ends with the transaction and is not told here.
// (guc.c, AtEOXact_GUC: what stays after a commit is the last SET of each name that was not rolled back.)
//
// Two things are kept up to date: the session's settings, and those the server connection has. They differ after a RESET
// of something the client asked for at start-up: the server knows only its own default. Pure; owned by a session.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/carried_settings.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah {

class SettingsJournal {
 public:
  explicit SettingsJournal(CarriedSettingsPtr startup) : startup_(startup), settings_(std::move(startup)) {}

  // Outside a transaction, or before the one that is open began.
  const CarriedSettingsPtr& settings() const { return settings_; }

  // As if the open transaction were committed now.
  CarriedSettingsPtr settings_now() const { return settings_after(settings_, changes(), startup_.get()); }

  // A statement with this step has succeeded; `tag` is its CommandComplete. `applied` belongs to the connection.
  void take(const SessionStep& step, std::string_view tag, CarriedSettingsPtr& applied);

  // ReadyForQuery. `has_error`: an error was among the answers it ends.
  void end_request(wire::TransactionStatus status, bool has_error, CarriedSettingsPtr& applied);

  // Outside a transaction: what a setting of the session has come to be in the server's own words.
  void note_reported(std::string_view name, const std::string& value, CarriedSettingsPtr& applied);

  // The transaction was lost with its connection.
  void abandon() {
    layers_.clear();
    must_put_back_ = false;
  }

  // It has been committed all the same: these, the settings_now() of before, are the settings.
  void adopt(CarriedSettingsPtr settings) { settings_ = std::move(settings); }

  // The open transaction has changed something, or has savepoints.
  bool is_open() const { return !layers_.empty(); }

  // The Queries that put back, inside the open transaction, what a RESET in it has taken from the start-up's settings.
  // They count as sent.
  std::vector<std::string> put_back(const CarriedSettingsPtr& applied);
  bool must_put_back() const { return must_put_back_; }

  // A RESET has taken the setting's value from the server, and the client goes back to the one of its startup packet.
  bool is_taken_from_startup(std::string_view name, const CarriedSettingsPtr& applied) const;

  // What the client asked for at start-up of what the step (RESET) resets, as steps of kind `set`.
  std::vector<SessionStep> startup_of(const SessionStep& step) const;

 private:
  struct Layer {
    std::string savepoint;  // empty: the transaction itself
    std::vector<SessionStep> steps;
  };

  void add(const SessionStep& step);
  void commit(CarriedSettingsPtr& applied);
  std::vector<SessionStep> changes() const;
  std::vector<Layer>::iterator find(std::string_view savepoint);

  CarriedSettingsPtr startup_;
  CarriedSettingsPtr settings_;
  std::vector<Layer> layers_;
  bool must_put_back_ = false;
};

}  // namespace howdah
