// One server connection of a PostgreSQL that lives in memory: it answers simple and extended messages, COPY, transactions,
// settings and prepared statements as the manual says, for a small SQL of its own:
//   SELECT ... FROM t<N>       N rows; the value of each is the statement's text, so that a row tells whose it is
//   ... FROM broken            ERROR 42P01                  ... FROM noisy    with N, S and A between its rows
//   ... FROM hidden_write      25006 on a replica           ... FROM conflict 40001 on a replica
//   ... FROM big               one row of 100 kB            ... FROM dies     FATAL 57P01
//   ... FROM stops             FATAL 57P01 on a replica  ... FROM crashes  the end, without a word
//   ... FROM limited          FATAL 25P04
//   ... FROM node              one row that is another on each server connection
//   ... altered ...            a name for it that was prepared before one was bound for the first time: 0A000 whenever it is bound
//   INSERT, COPY ... FROM STDIN   25006 on a replica        COPY ... TO STDOUT  two lines
//   INSERT INTO deferred          refused with 23503 when it is committed
//   INSERT INTO serial, SELECT lastval(), DISCARD SEQUENCES
//   SELECT pg_current_xact_id_if_assigned()   731, or NULL where nothing was written
//   PREPARE <name> AS ..., EXECUTE <name>, DEALLOCATE <name> | ALL
//   SELECT ... FROM pg_prepared_statements   one row: their names, in order
//   BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO, SET, RESET, SHOW, set_config, DISCARD ALL; the value
//   `refused` is refused with 22023, `elsewhere` on a replica only
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace howdah::test {

struct FakePostgres {
  explicit FakePostgres(bool replica) : is_replica(replica) {}

  // Takes what was sent to it; its answers are appended to `out`.
  void receive(Bytes bytes, std::string& out);

  bool is_replica;
  int number = next_number++;
  bool is_dead = false;  // after FATAL
  bool is_closed = false;  // default_transaction_read_only, set by somebody else
  bool dies_at_commit = false;  // without an answer
  bool fails_at_commit = false;
  int cancels_at_commit = 0;  // how many of them meet it, and the question for its number before it
  char status = 'I';
  int writes = 0;
  using Settings = std::map<std::string, std::string>;
  Settings settings;                              // in force
  std::map<std::string, std::string> statements;  // prepared: name to text
  std::string last_value;                         // what lastval() answers: the last INSERT INTO serial
  std::vector<std::string> log;                   // statements run

 private:
  static inline int next_number = 0;
  struct Portal {
    std::string sql;
    std::size_t rows_left = 0;
    bool is_started = false;
  };
  enum class Copy { none, simple, extended };

  void message(char tag, std::string_view body, std::string& out);
  void query(std::string_view body, std::string& out);
  void extended(char tag, std::string_view body, std::string& out);
  // One statement that is to be run.
  struct Call {
    const std::string& sql;
    std::string& out;
    bool with_description;
    Portal* portal;     // nullptr: simple protocol
    std::size_t limit;  // rows; 0: all
    bool done(std::string_view tag) const;
  };
  bool run(const std::string& sql, std::string& out, bool with_description, Portal* portal, std::size_t limit);
  // Each answers a kind of statement: false after an error; nothing if it is another's to answer.
  std::optional<bool> break_commit(const Call& call);
  std::optional<bool> end_transaction(const Call& call);
  std::optional<bool> tell_transaction(const Call& call);
  std::optional<bool> use_names(const Call& call);
  std::optional<bool> insert(const Call& call);
  std::optional<bool> change_settings(const Call& call);
  std::optional<bool> copy(const Call& call);
  std::optional<bool> tell_state(const Call& call);
  std::optional<bool> break_off(const Call& call);
  std::optional<bool> use_sequences(const Call& call);
  bool select(const Call& call);
  void refuse_old_plan(std::string& out);
  std::string value_of(const std::string& sql) const;
  bool fail(std::string_view sqlstate, std::string_view text, std::string& out);
  void end_copy(bool failed, std::string& out);
  void ready(std::string& out);
  bool set(const std::string& name, const std::string& value, std::string& out);
  void restore(Settings now, std::string& out);
  bool divide(const std::string& sql, std::string& out);
  std::string setting(const std::string& name) const;
  std::string statement_names() const;
  void report(const std::string& name, std::string& out);

  std::string input_;
  std::string unsent_;
  Copy copy_ = Copy::none;
  bool is_skipping_ = false;
  bool is_told_closed_ = false;
  bool is_begun_on_replica_ = false;  // a transaction keeps that when the replica is promoted
  std::vector<std::pair<std::string, Settings>> undo_;  // at the start of the transaction, and at its savepoints
  std::deque<std::string> rest_of_query_;
  std::map<std::string, Portal> portals_;
  std::set<std::string> old_plans_;  // names of statements
  bool is_altered_ = false;
};

}  // namespace howdah::test
