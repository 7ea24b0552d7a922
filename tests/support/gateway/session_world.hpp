// Sessions, a pool and servers in one thread and in memory: what the shell and the pool do around a Session, in the
// simplest way that is right. Bytes are delivered in pieces of a chosen size, answers only when deliver() is called, so a
// test can stop the world between any two messages. It checks what must always hold: a connection that is given to
// somebody is clean, and nobody but its holder writes to it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/session.hpp"
#include "tests/support/gateway/fake_postgres.hpp"

namespace howdah::test {

struct WorldOptions {
  SessionOptions session;
  RoutingOptions routing;
  std::size_t chunk = 1 << 20;           // bytes delivered at once, to either side
  std::size_t connections_per_node = 2;
  bool has_replica = true;
  bool is_whole_answers = false;         // a server answers in one piece, not message by message
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  struct Client {
    std::unique_ptr<Session> session;
    std::string received;             // everything the client got
    std::optional<CloseReason> closed;
    std::deque<std::string> asked;    // of AskLocal
    std::optional<CommitDoubt> doubt = {};  // of the newest LookUpCommit
    bool is_fate_awaited = false;
  };

  // Logs a client in; runs nothing further.
  std::size_t add_client(std::vector<std::pair<std::string, std::string>> parameters = {}, std::string user = "u");
  Client& client(std::size_t id) { return *clients_[id]; }

  void send(std::size_t id, std::string_view bytes);
  void event(std::size_t id, const session::Event& event);
  void close_client(std::size_t id);
  // One server message's worth of bytes for one session, or what is wanted of the pool. False: nothing to do.
  bool step();
  void run();  // step() until nothing is left
  // Gives the server connection the client uses an end, with what it has not delivered.
  bool kill_backend_of(std::size_t id);
  void kill_node(NodeId node);              // all of its connections, and new ones are refused
  void die_at_commit();                     // every connection's server, without an answer
  void cancel_at_commit(int times);
  void set_primary(std::optional<NodeId> primary);
  void revive_node(NodeId node);
  void close_node(NodeId node, bool is_closed = true);  // for writes, as another gateway does
  void pass(Duration time);
  // Of the database of clients that come later.
  void use_catalog(const DatabaseCatalog& catalog) {
    surroundings_.catalog_of = [&catalog](const std::string&) { return &catalog; };
  }
  // As workers of one gateway.
  void share_readers(const World& other) { surroundings_.sequence_readers = other.surroundings_.sequence_readers; }
  // Sessions can see that somebody waits for a connection.
  void show_waiting() {
    surroundings_.is_wanted = [this](const Backend&) { return !wishes_.empty(); };
  }
  int writes() const;
  std::size_t connection_count() const { return connections_.size(); }
  std::size_t leased_count() const;
  const std::vector<std::string>& problems() const { return problems_; }
  std::vector<std::string> node_log(NodeId node) const;
  std::vector<NodeId> reports;
  std::vector<LoginChange> login_changes;  // told to all workers
  int cancels = 0;
  CommitOutcome fate = CommitOutcome::unknown;  // of commits in doubt
  std::size_t most_held_bytes = 0;   // largest ToServer or ToClient range seen in one on()

  static constexpr NodeId kPrimary{0};
  static constexpr NodeId kReplica{1};

 private:
  struct Connection {
    Backend backend;
    FakePostgres server;
    std::string output;            // of the server, not delivered
    std::optional<std::size_t> holder;
    bool is_resetting = false;
    explicit Connection(bool replica) : server(replica) {}
  };
  struct Wish {
    std::size_t client;
    NodeId node;
  };

  void publish();
  void perform(std::size_t id, Actions<session::Action>& actions);
  void give_back(std::size_t id, Backend* backend, session::LeaseEnd end);
  bool grant_one();
  bool deliver_one();
  Connection* connection_of(const Backend* backend);
  void drop(Connection* connection);
  bool tell_fate();
  void problem(std::string text);

  WorldOptions options_;
  Instant now_{};
  Rng rng_{7};
  struct ErrorsAreProblems final : Log {
    explicit ErrorsAreProblems(std::vector<std::string>& list) : problems(list) {}
    bool is_enabled(LogLevel level) const override { return level == LogLevel::error; }
    void write(LogLevel, std::string_view line) override { problems.emplace_back(line); }
    std::vector<std::string>& problems;
  };
  std::vector<std::string> problems_;
  ErrorsAreProblems log_{problems_};
  ParseCache parse_cache_;
  StatementCatalog catalog_{3, 1000};
  WelcomeCache welcome_cache_{100};
  Surroundings surroundings_;
  ClusterView view_;
  std::map<std::int32_t, bool> is_alive_;
  std::map<std::int32_t, bool> is_closed_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Wish> wishes_;
  std::vector<std::pair<NodeId, std::string>> old_logs_;
  std::uint64_t next_backend_ = 1;
  std::size_t turn_ = 0;
  bool is_position_wanted_ = false;
};

}  // namespace howdah::test
