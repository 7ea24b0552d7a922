// One backend process of a simulated server: speaks the protocol, simple and extended, runs statements on the server's
// tables in transactions of its own, waits for row locks and for synchronous standbys, and ends as processes do. Answers
// are kept until ReadyForQuery or Flush, as PostgreSQL keeps them.
// The universe owns it, until it ends: it may outlive its connection.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/wire/parameter_status.hpp"
#include "tests/sim/sim_link.hpp"
#include "tests/sim/sim_statement.hpp"
#include "tests/sim/world.hpp"

namespace howdah::sim {

class SimBackend : public std::enable_shared_from_this<SimBackend> {
 public:
  // Started, and attached to its end of the link.
  static std::shared_ptr<SimBackend> start(World& world, std::shared_ptr<SimLink> link);
  SimBackend(World& world, std::shared_ptr<SimLink> link);

  wire::ParameterSet greeting() const;
  void cancel();
  void end(ServerEnd how);
  std::string describe() const;  // for people: what it waits for

 private:
  enum class Step : std::uint8_t { done, failed, waits };
  struct Transaction {
    bool is_begun = false;
    bool is_block = false;
    bool is_failed = false;
    bool is_read_only = false;
    std::uint64_t xid = 0;
    std::vector<Change> changes = {};
    std::optional<std::size_t> record = {};  // of the commit that waits for standbys
  };

  SimPostgres& node() { return world_.node(node_); }
  void receive(std::string_view bytes);
  void proceed();
  void pause(Duration time);
  std::optional<std::string> next_message();
  bool take_message();
  void handle(char tag, Bytes body);
  void bind(Bytes body);
  void describe(Bytes body);
  void describe_rows(const Statement& statement);
  bool run_current();
  bool finish();
  Duration time_for(const Statement& statement);

  // sim_backend_sql.cpp
  void begin();
  Step run(const Statement& statement);
  Step read(const Statement& statement);
  Step write(const Statement& statement);
  void take_xid();
  bool lock(std::int64_t row);
  bool commit();
  void end_transaction();
  std::int64_t balance_of(std::int64_t account);
  std::string elements_of(std::int64_t list);
  std::string answer_of(const Statement& statement);
  void set(std::string_view sql);
  Step use_notes(const Statement& statement);
  Step copy();
  Step insert_copied();
  Step fail(std::string_view sqlstate, std::string_view text);
  void say_error(char type, std::string_view severity, std::string_view sqlstate, std::string_view text);
  Step complete(std::string_view tag);

  World& world_;
  int node_;
  std::uint64_t id_;
  std::uint64_t generation_;
  std::shared_ptr<SimLink> link_;
  std::string input_;
  std::string output_;
  bool is_over_ = false;
  bool is_paused_ = false;
  bool is_client_gone_ = false;
  bool is_cancelled_ = false;
  bool is_told_read_only_ = false;  // its client, default_transaction_read_only

  std::deque<std::string> query_;      // what is left of the Query at hand
  bool is_query_open_ = false;
  bool is_finishing_ = false;          // a Query or Sync is done but for its implicit commit and ReadyForQuery
  bool is_skipping_ = false;           // up to Sync
  std::optional<Statement> current_;
  std::map<std::string, std::string, std::less<>> statements_;
  std::map<std::string, std::string, std::less<>> portals_;
  Transaction transaction_;
  std::string application_name_;
  using Notes = std::optional<std::vector<std::int64_t>>;
  Notes notes_;         // its temporary table; none: it has not been made
  Notes notes_before_;  // this transaction
  bool is_copying_ = false;
  std::string copied_;
};

}  // namespace howdah::sim
