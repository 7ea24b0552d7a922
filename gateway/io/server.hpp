// One server connection: what decisions know of it (Backend) and its socket, in one object, so that neither has to be
// looked up for the other. Owned by WorkerPools; lent to one client at a time.
#pragma once

#include "gateway/io/backend_link.hpp"
#include "gateway/session/backend.hpp"

namespace howdah {

class ClientLink;
struct PoolEntry;

struct Server final : Backend, private BackendLink::Owner {
  class Owner {
   public:
    virtual void on_open(Server& server, login::ServerLoginDone done) = 0;
    virtual void on_open_failed(Server& server, OpenFailure failure) = 0;
    virtual void on_gone(Server& server, std::string why) = 0;
    virtual void on_bytes(Server& server, Bytes bytes) = 0;
    virtual void on_drained(Server& server) = 0;

   protected:
    ~Owner() = default;
  };

  Server(LoopParts& parts, Owner& server_owner, BackendId backend_id, PoolEntry* entry)
      : link(parts, *this, backend_id), owner(server_owner), home(entry) {
    id = backend_id;
  }

  BackendLink link;
  Owner& owner;
  PoolEntry* home;              // its pool; nullptr: only checks a password
  ClientLink* lessee = nullptr;  // who holds the lease
  WallTime opened_at = {};
  std::uint64_t uses = 0;  // times it was lent
  std::optional<WallTime> user_connected_at = {};  // of the client that has it, or had it last
  std::optional<Instant> returned_at = {};

 private:
  void on_backend_open(BackendLink&, login::ServerLoginDone done) override { owner.on_open(*this, std::move(done)); }
  void on_backend_open_failed(BackendLink&, OpenFailure failure) override {
    owner.on_open_failed(*this, std::move(failure));
  }
  void on_backend_gone(BackendLink&, std::string why) override { owner.on_gone(*this, std::move(why)); }
  void on_backend_bytes(BackendLink&, Bytes bytes) override { owner.on_bytes(*this, bytes); }
  void on_backend_drained(BackendLink&) override { owner.on_drained(*this); }
};

// A server connection on its way to another worker.
struct MovedServer {
  Backend backend;
  Channel channel;
  DialTarget target;
  Instant opened_at;
  Instant used_at;
  WallTime opened_at_wall;
  std::uint64_t uses = 0;
};

}  // namespace howdah
