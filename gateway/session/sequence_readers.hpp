// Which users have called currval or lastval in which database: from then on what they write ties them to their connection
// (sequences.cpp). Shared by all workers, so that a user who asked on one of them is known on the others.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace howdah {

class SequenceReaders {
 public:
  // From any thread. The count is all that is looked at while nobody new has come.
  std::size_t count() const { return count_.load(std::memory_order_acquire); }
  bool contains(const std::string& user, const std::string& database) const {
    return readers_.load(std::memory_order_acquire)->contains({user, database});
  }
  void add(const std::string& user, const std::string& database) {
    auto known = readers_.load(std::memory_order_acquire);
    std::shared_ptr<Readers> more;
    do {
      more = std::make_shared<Readers>(*known);
      more->emplace(user, database);
    } while (!readers_.compare_exchange_weak(known, more, std::memory_order_acq_rel));
    count_.fetch_add(1, std::memory_order_release);
  }

 private:
  using Readers = std::set<std::pair<std::string, std::string>>;
  std::atomic<std::shared_ptr<const Readers>> readers_{std::make_shared<const Readers>()};  // shared: replaced as a whole
  std::atomic<std::size_t> count_{0};  // how often one was added
};

}  // namespace howdah
