// The checker must see what is wrong: each history below has one flaw, or none.
#include "tests/sim/history.hpp"

#include <catch2/catch.hpp>

using namespace howdah;
using namespace howdah::sim;

namespace {

constexpr std::uint64_t kMe = 1, kOther = 2;  // sessions

Instant at(int second) { return Instant{} + seconds(second); }

// Two appends to list 7, both acknowledged, the second by another session.
History two_appends() {
  History history;
  history.on_write(11, {7}, kMe);
  history.on_write_ended(11, WriteEnd::acknowledged, at(1));
  history.on_write(12, {7}, kOther);
  history.on_write_ended(12, WriteEnd::acknowledged, at(2));
  return history;
}

Tables with_list(std::vector<std::int64_t> elements) {
  Tables tables;
  tables.lists[7] = std::move(elements);
  return tables;
}

bool is_fine(const History& history, const Tables& tables, ReadConsistency promised = ReadConsistency::session) {
  return history.judge(tables, promised, true).empty();
}

}  // namespace

TEST_CASE("a history without a flaw passes") {
  History history = two_appends();
  history.on_read(7, {11}, 0, kMe, at(3));
  history.on_read(7, {11, 12, 13}, 13, kMe, at(3));
  CHECK(is_fine(history, with_list({11, 12})));
}

TEST_CASE("lost and duplicated writes are seen") {
  const History history = two_appends();
  CHECK_FALSE(is_fine(history, with_list({11})));
  CHECK_FALSE(is_fine(history, with_list({11, 12, 12})));
  CHECK(history.judge(with_list({11}), ReadConsistency::session, false).empty());
  CHECK_FALSE(history.judge(with_list({11, 12, 12}), ReadConsistency::session, false).empty());
}

TEST_CASE("a row of the audit is there once if it was acknowledged, and not at all if it was refused") {
  const WriteEnd end = GENERATE(WriteEnd::acknowledged, WriteEnd::refused, WriteEnd::unknown);
  const int count = GENERATE(0, 1, 2);
  History history;
  history.on_write(20, {}, kMe);
  history.on_write_ended(20, end, at(1));
  Tables tables;
  if (count > 0) tables.rows[20] = count;
  const bool is_right = count < 2 && (end == WriteEnd::unknown || (end == WriteEnd::acknowledged) == (count == 1));
  CHECK(is_fine(history, tables) == is_right);
}

TEST_CASE("half a transaction is seen") {
  History history;
  history.on_write(30, {7, 8}, kMe);
  history.on_write_ended(30, WriteEnd::unknown, at(1));
  CHECK_FALSE(is_fine(history, with_list({30})));
}

TEST_CASE("stale reads are seen as far as freshness was promised") {
  History history = two_appends();
  const bool misses_own = GENERATE(true, false);
  history.on_read(7, misses_own ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{11}, 0, kMe, at(3));
  CHECK(is_fine(history, with_list({11, 12}), ReadConsistency::session) == !misses_own);
  CHECK_FALSE(is_fine(history, with_list({11, 12}), ReadConsistency::global));
  CHECK(is_fine(history, with_list({11, 12}), ReadConsistency::eventual));
}

TEST_CASE("a read of what never was is seen") {
  History history = two_appends();
  history.on_read(7, {12, 11}, 0, kMe, at(3));
  CHECK_FALSE(is_fine(history, with_list({11, 12})));
}

TEST_CASE("a transaction must see its own append, once") {
  History history = two_appends();
  history.on_read(7, {11, 12}, 13, kMe, at(3));
  CHECK_FALSE(is_fine(history, with_list({11, 12})));
}
