#include "sql_router/catalog/catalog_watch.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {
Instant at(milliseconds time) { return Instant{} + time; }
}  // namespace

TEST_CASE("a catalog is read at once, then looked at once per interval") {
  CatalogWatch watch(10s);
  CHECK(watch.step(0, at(0ms)) == CatalogStep::read);
  watch.on_read(0, at(0ms), at(2ms));
  CHECK(watch.step(0, at(3ms)) == CatalogStep::rest);
  CHECK(watch.next_time(0) == at(10'002ms));
  CHECK(watch.step(0, at(10'002ms)) == CatalogStep::look);
  watch.on_looked(at(10'003ms));
  CHECK(watch.step(0, at(10'004ms)) == CatalogStep::rest);
}

TEST_CASE("a change is read at once, many after a pause in proportion to what a read costs") {
  CatalogWatch watch(10s);
  watch.on_read(0, at(0ms), at(2ms));
  CHECK(watch.step(1, at(100ms)) == CatalogStep::read);
  watch.on_read(1, at(100ms), at(200ms));
  CHECK(watch.step(2, at(300ms)) == CatalogStep::rest);
  CHECK(watch.next_time(2) == at(700ms));
  CHECK(watch.step(2, at(700ms)) == CatalogStep::read);
}

TEST_CASE("what changed while it was read is read again") {
  CatalogWatch watch(10s);
  watch.on_read(3, at(0ms), at(2ms));
  CHECK(watch.step(4, at(50ms)) == CatalogStep::read);
}

TEST_CASE("questions are answered by a look, but not each of them") {
  CatalogWatch watch(10s);
  watch.on_read(0, at(0ms), at(2ms));
  watch.on_question();
  CHECK(watch.step(0, at(40ms)) == CatalogStep::rest);
  CHECK(watch.next_time(0) == at(52ms));
  CHECK(watch.step(0, at(52ms)) == CatalogStep::look);
  watch.on_looked(at(53ms));
  CHECK(watch.next_time(0) == at(10'053ms));
}

TEST_CASE("who cannot be asked is asked less and less often") {
  CatalogWatch watch(10s);
  Instant now = at(0ms);
  Duration last{};
  for (int i = 0; i < 10; ++i) {
    CHECK(watch.step(0, now) == CatalogStep::read);
    watch.on_failed(now);
    const Duration pause = watch.next_time(0) - now;
    CHECK(pause >= last);
    CHECK(pause <= Duration(30s));
    CHECK(watch.step(0, now + pause / 2) == CatalogStep::rest);
    last = pause;
    now = watch.next_time(0);
  }
  CHECK(last == Duration(30s));
}
