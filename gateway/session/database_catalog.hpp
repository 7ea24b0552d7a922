// What a worker's sessions know of the catalog of one database, and how they tell that it has changed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sql_router/catalog/catalog_facts.hpp"

namespace howdah {

// One per database, shared by all workers and whoever reads the catalog. Any thread.
class CatalogChanges {
 public:
  explicit CatalogChanges(std::function<void()> wake) : wake_(std::move(wake)) {}

  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }
  // The catalog has changed: no snapshot taken before counts from now on, on any worker.
  void mark() {
    count_.fetch_add(1, std::memory_order_acq_rel);
    ask();
  }
  // It may have changed: somebody should look soon. Nothing to pay while that is still to be done.
  void ask() {
    if (!is_asked_.exchange(true, std::memory_order_acq_rel)) wake_();
  }
  bool take_question() { return is_asked_.exchange(false, std::memory_order_acq_rel); }

  // Sessions of the database that live.
  void enter() { session_count_.fetch_add(1, std::memory_order_relaxed); }
  void leave() { session_count_.fetch_sub(1, std::memory_order_relaxed); }
  bool has_sessions() const { return session_count_.load(std::memory_order_relaxed) > 0; }

 private:
  std::function<void()> wake_;
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::uint32_t> session_count_{0};
  std::atomic<bool> is_asked_{false};
};

using CatalogChangesPtr = std::shared_ptr<CatalogChanges>;

// One per database and worker; used by its thread only.
struct DatabaseCatalog {
  CatalogFactsPtr facts = nullptr;  // the newest; none before the first
  CatalogChangesPtr changes;

  const CatalogFacts& in_force() const {
    if (facts == nullptr) return CatalogFacts::unread();
    if (facts->status() != CatalogFacts::Status::read) return *facts;
    return facts->as_of() == changes->count() ? *facts : CatalogFacts::stale();
  }
};

// A session's use of it. None: no catalog is read.
class CatalogUse {
 public:
  CatalogUse() = default;
  ~CatalogUse() {
    if (catalog_ != nullptr) catalog_->changes->leave();
  }
  CatalogUse(const CatalogUse&) = delete;
  CatalogUse& operator=(const CatalogUse&) = delete;

  void begin(const DatabaseCatalog* catalog) {
    if (catalog == nullptr || catalog_ != nullptr) return;
    catalog_ = catalog;
    catalog_->changes->enter();
  }
  const DatabaseCatalog* operator->() const { return catalog_; }
  explicit operator bool() const { return catalog_ != nullptr; }

 private:
  const DatabaseCatalog* catalog_ = nullptr;  // outlives the session
};

}  // namespace howdah
