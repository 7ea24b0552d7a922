// Asks servers for the secrets of users that no file lists (auth_query), for the clients of one worker: on one
// connection of its own, one question after the other. No client is ever lent that connection, so none can have left
// anything on it; clients that wait hold up nobody. On the worker's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/io/backend_link.hpp"
#include "gateway/io/worker_config.hpp"
#include "gateway/login/secret_lookup.hpp"
#include "health/cluster_view.hpp"

namespace howdah {

class SecretAsker final : private BackendLink::Owner {
 public:
  using Then = std::function<void(const Result<login::StoredSecret>&)>;

  // `number`: of the source it asks, in WorkerConfig::auth_sources.
  SecretAsker(LoopParts& parts, WorkerConfigPtr config, int number);
  ~SecretAsker();

  // Calls `then` at once where the answer is known, else from the loop.
  void ask(const std::string& user, Then then);
  // A login with what was answered failed: the secret may have changed.
  void forget(const std::string& user) { cache_.forget(user); }
  void forget_all() { cache_.clear(); }

  void set_config(WorkerConfigPtr config);
  void set_view(ClusterViewPtr view) { view_ = std::move(view); }

 private:
  struct Waiting {
    std::string user;
    std::vector<Then> askers;
    bool was_retried = false;
  };

  void on_backend_open(BackendLink& link, login::ServerLoginDone done) override;
  void on_backend_open_failed(BackendLink& link, OpenFailure failure) override;
  void on_backend_gone(BackendLink& link, std::string why) override;
  void on_backend_bytes(BackendLink& link, Bytes bytes) override;
  void on_backend_drained(BackendLink&) override {}

  const AuthSource* source() const;  // nullptr: there is none any more
  void go_on();
  void connect();
  void send_question();
  void answer(const Result<login::StoredSecret>& result);
  void fail_all(const Error& error);
  void on_time_up();
  void drop_link();

  LoopParts& parts_;
  WorkerConfigPtr config_;
  int number_;
  ClusterViewPtr view_;
  login::SecretCache cache_;
  std::deque<Waiting> queue_;  // the first is being asked
  std::unique_ptr<BackendLink> link_;
  std::vector<std::unique_ptr<BackendLink>> graveyard_;  // destroyed at the end of the turn
  std::optional<login::SecretQuestion> question_;
  Timer timer_;  // of the question, or of the idle connection
};

}  // namespace howdah
