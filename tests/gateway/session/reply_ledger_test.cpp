#include "gateway/session/reply_ledger.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

namespace {

// Messages sent, one letter each: Q query, F call, P parse, B bind, D describe, E execute, C close, S sync, c copy end,
// l a local answer; in lower case q p s: injected by us.
ReplyLedger ledger_of(std::string_view sent) {
  ReplyLedger ledger;
  for (const char c : sent) {
    const auto ours = Audience::nobody;
    switch (c) {
      case 'Q': ledger.owe({.kind = AnswerKind::query}); break;
      case 'q': ledger.owe({.kind = AnswerKind::query, .audience = ours}); break;
      case 'F': ledger.owe({.kind = AnswerKind::function_call}); break;
      case 'P': ledger.owe({.kind = AnswerKind::parse}); break;
      case 'p': ledger.owe({.kind = AnswerKind::parse, .audience = ours}); break;
      case 'B': ledger.owe({.kind = AnswerKind::bind}); break;
      case 'D': ledger.owe({.kind = AnswerKind::describe}); break;
      case 'E': ledger.owe({.kind = AnswerKind::execute}); break;
      case 'C': ledger.owe({.kind = AnswerKind::close}); break;
      case 'S': ledger.owe({.kind = AnswerKind::sync}); break;
      case 's': ledger.owe({.kind = AnswerKind::sync, .audience = ours}); break;
      case 'c': ledger.owe({.kind = AnswerKind::copy_end}); break;
      case 'l': ledger.owe({.kind = AnswerKind::local, .text = "3"}); break;
      default: FAIL("unknown letter " << c);
    }
  }
  return ledger;
}

// Fates of the answers: f forward, - swallow, a aside, ! broken; a local answer is L. Z is idle, t and e are
// ReadyForQuery in a transaction and in a failed one.
std::string fates(ReplyLedger& ledger, std::string_view answers) {
  std::string fates;
  Owed local;
  for (const char c : answers) {
    const bool is_ready = c == 'Z' || c == 'r' || c == 'e';
    const char status = c == 'Z' ? 'I' : c == 'r' ? 'T' : 'E';
    switch (is_ready ? ledger.accept('Z', status) : ledger.accept(c)) {
      case Fate::forward: fates += 'f'; break;
      case Fate::swallow: fates += '-'; break;
      case Fate::aside: fates += 'a'; break;
      case Fate::broken: fates += '!'; break;
    }
    while (ledger.take_local(local)) fates += 'L';
  }
  return fates;
}

struct LedgerRow {
  std::string_view what;
  std::string_view sent;
  std::string_view answers;
  std::string_view fates;
  bool is_settled;
};

}  // namespace

TEST_CASE("each answer goes to whoever is owed it") {
  const LedgerRow row = GENERATE(Catch::Generators::values<LedgerRow>({
      {"a query with rows", "Q", "TDDCZ", "fffff", true},
      {"several statements in one query", "Q", "TDCCICZ", "fffffff", true},
      {"a query that fails", "Q", "TDEZ", "ffff", true},
      {"a query left in a transaction", "Q", "Cr", "ff", false},
      {"a query in a failed transaction", "Q", "Ee", "ff", false},
      {"not answered to its end", "Q", "TDC", "fff", false},
      {"a query of ours before the client's", "qQ", "CZTDCZ", "--ffff", true},
      {"an extended batch", "PBDES", "12TDDCZ", "fffffff", true},
      {"a statement described", "PDS", "1tTZ", "ffff", true},
      {"no data", "PBDES", "12nCZ", "fffff", true},
      {"a suspended portal", "PBEES", "12DsDCZ", "fffffff", true},
      {"an injected Parse", "pBES", "12DCZ", "-ffff", true},
      {"an injected Parse that fails answers the client", "pBES", "EZ", "ff", true},
      {"an error skips to its Sync", "PBESPBES", "1EZ12CZ", "fffffff", true},
      {"a local answer in its place", "PlBES", "12CZ", "fLfff", true},
      {"a local answer behind an error is skipped", "PlBES", "EZ", "ff", true},
      {"an error at Sync", "BES", "2CEZ", "ffff", true},
      {"a function call", "F", "VZ", "ff", true},
      {"COPY out", "Q", "HddcCZ", "ffffff", true},
      {"COPY in, extended: the Sync behind Execute has no answer", "PBES", "12G", "fff", false},
      {"COPY in, pipelined with its end", "PBEcS", "12GCZ", "fffff", true},
      {"an answer nobody asked for", "", "C", "!", true},
      {"rows for a Parse", "P", "D", "!", false},
      {"ReadyForQuery too many", "Q", "CZZ", "ff!", true},
      {"an open batch is not settled", "PBE", "12C", "fff", false},
  }));
  INFO(row.what);
  ReplyLedger ledger = ledger_of(row.sent);
  CHECK(fates(ledger, row.answers) == row.fates);
  CHECK(ledger.is_settled() == row.is_settled);
}

TEST_CASE("notices, notifications and parameter changes answer nothing") {
  ReplyLedger ledger = ledger_of("qQ");
  CHECK(fates(ledger, "NSCNZATDNCZN") == "aa-a-affaffa");
  CHECK(ledger.is_settled());
}

TEST_CASE("after an error in an open batch everything up to Sync is forgotten, also what is sent later") {
  ReplyLedger ledger = ledger_of("PBE");
  CHECK(fates(ledger, "E") == "f");
  CHECK(ledger.dropped().size() == 2);
  CHECK(ledger.is_skipping());
  ledger.owe({.kind = AnswerKind::execute});
  CHECK(ledger.is_empty());
  CHECK_FALSE(ledger.is_settled());
  ledger.owe({.kind = AnswerKind::sync});
  CHECK(fates(ledger, "Z") == "f");
  CHECK(ledger.is_settled());
}

TEST_CASE("in COPY the server ignores the Sync sent behind Execute, and answers the one after CopyDone") {
  ReplyLedger ledger = ledger_of("PBES");
  CHECK(fates(ledger, "12G") == "fff");
  CHECK(ledger.dropped().size() == 1);
  CHECK(ledger.is_in_copy_in());
  ledger.owe({.kind = AnswerKind::copy_end});
  CHECK_FALSE(ledger.is_in_copy_in());
  ledger.owe({.kind = AnswerKind::sync});
  CHECK(fates(ledger, "CZ") == "ff");
  CHECK(ledger.is_settled());
}

TEST_CASE("what is drained is nobody's, errors included") {
  ReplyLedger ledger = ledger_of("PBESQ");
  ledger.swallow_all();
  CHECK(fates(ledger, "1EZTDCZ") == "-------");
  CHECK(ledger.is_settled());
}

TEST_CASE("a ledger that never runs empty does not grow") {
  ReplyLedger ledger = ledger_of("Q");
  for (int i = 0; i < 100'000; ++i) {
    ledger.owe({.kind = AnswerKind::query});
    REQUIRE(ledger.accept('Z', 'I') == Fate::forward);
    REQUIRE(ledger.size() == 1);
  }
}
