// The SQL that simulated servers understand: what the workload says, and what Howdah puts in. Valid PostgreSQL, because the
// real classifier reads it.
//   SELECT 'tag', sum(balance) FROM accounts
//   SELECT 'tag', balance FROM accounts WHERE id = N [FOR UPDATE]
//   SELECT 'tag', elements FROM lists WHERE id = N
//   UPDATE accounts SET balance = [balance +] N WHERE id = N      UPDATE lists SET elements = elements || N WHERE id = N
//   INSERT INTO audit VALUES (N)      COPY audit FROM STDIN
//   CREATE TEMP TABLE notes (note int), INSERT INTO notes VALUES (N), SELECT 'tag', note FROM notes, DISCARD TEMP or ALL
//   BEGIN, COMMIT, ROLLBACK, SELECT pg_catalog.pg_current_xact_id[_if_assigned](), SELECT EXISTS (... pg_my_temp_schema() ...);
//   SET and RESET do nothing
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace howdah::sim {

enum class Verb : std::uint8_t {
  begin, commit, rollback, xid, look, sum, balance, list, notes,
  set_balance, add_balance, append, insert, copy, make_notes, put_note, discard, other
};

struct Statement {
  Verb verb = Verb::other;
  std::string tag = {};  // other: the command tag
  std::int64_t key = 0;
  std::int64_t value = 0;
  bool locks = false;  // FOR UPDATE
  bool assigns = false;  // xid: gives the transaction one

  bool has_rows() const { return verb >= Verb::xid && verb <= Verb::notes; }
  bool writes() const { return verb >= Verb::set_balance && verb <= Verb::insert; }
  bool is_about_notes() const { return verb == Verb::look || verb == Verb::notes || (verb >= Verb::make_notes && verb <= Verb::discard); }
};

Statement parse_statement(std::string_view sql);
// A Query's text, statement by statement.
std::vector<std::string> split_statements(std::string_view sql);

}  // namespace howdah::sim
