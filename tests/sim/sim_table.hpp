// The tables the simulated clients work on, and the changes a commit makes to them: what a WAL record replays.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace howdah::sim {

struct Change {
  enum class Kind : std::uint8_t { insert, balance, append };
  Kind kind = Kind::insert;
  std::int64_t key = 0;    // insert: the row itself; balance: the account; append: the list
  std::int64_t value = 0;  // balance: the new one; append: the element
  friend bool operator==(const Change&, const Change&) = default;
};

struct Tables {
  std::map<std::int64_t, int> rows = {};                             // how often each was inserted: no index forbids twice
  std::map<std::int64_t, std::int64_t> balances = {};                // of accounts; those not named have kFirstBalance
  std::map<std::int64_t, std::vector<std::int64_t>> lists = {};

  void apply(const Change& change) {
    switch (change.kind) {
      case Change::Kind::insert: ++rows[change.key]; return;
      case Change::Kind::balance: balances[change.key] = change.value; return;
      case Change::Kind::append: lists[change.key].push_back(change.value); return;
    }
  }
  std::int64_t balance_of(std::int64_t account) const {
    const auto found = balances.find(account);
    return found == balances.end() ? kFirstBalance : found->second;
  }

  static constexpr std::int64_t kAccounts = 8;
  static constexpr std::int64_t kFirstBalance = 100;
};

}  // namespace howdah::sim
