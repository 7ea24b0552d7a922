#include "gateway/session/statement_tally.hpp"

#include <catch2/catch.hpp>

using namespace howdah;

TEST_CASE("every kind of statement has the column Pgpool counts it in") {
  struct Row {
    StatementKind kind;
    StatementCount column;
  };
  const Row rows[] = {
      {StatementKind::select, StatementCount::select},      {StatementKind::select_into, StatementCount::select},
      {StatementKind::insert, StatementCount::insert},      {StatementKind::update, StatementCount::update},
      {StatementKind::delete_rows, StatementCount::remove}, {StatementKind::merge, StatementCount::ddl},
      {StatementKind::copy_to_client, StatementCount::ddl}, {StatementKind::call, StatementCount::ddl},
      {StatementKind::fetch, StatementCount::ddl},          {StatementKind::create_table, StatementCount::ddl},
      {StatementKind::begin, StatementCount::other},        {StatementKind::execute, StatementCount::other},
      {StatementKind::vacuum, StatementCount::other},       {StatementKind::explain, StatementCount::other},
  };
  for (const Row& row : rows) {
    INFO(row_of(row.kind).name);
    CHECK(StatementTally::column_of(row.kind) == row.column);
  }
}

TEST_CASE("counts are kept by node, errors by severity") {
  StatementTally tally;
  tally.count(NodeId{2}, StatementKind::select);
  tally.count(NodeId{0}, StatementKind::select);
  tally.count(NodeId{2}, StatementKind::select);
  tally.count_error(NodeId{0}, "FATAL");
  tally.count_error(NodeId{0}, "WARNING");
  REQUIRE(tally.nodes().size() == 2);
  CHECK(tally.nodes()[0].node == NodeId{2});
  CHECK(tally.nodes()[0][StatementCount::select] == 2);
  CHECK(tally.nodes()[1][StatementCount::select] == 1);
  CHECK(tally.nodes()[1][StatementCount::fatal] == 1);
  CHECK(tally.nodes()[1][StatementCount::error] == 0);
}
