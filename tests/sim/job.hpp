// One thing a client does: some requests, one after the other, each made when the answers before it are known.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "tests/sim/history.hpp"

namespace howdah::sim {

struct Row {
  std::string mark;
  std::string value;
};

// Everything up to ReadyForQuery.
struct Response {
  std::vector<Row> rows = {};
  std::vector<std::string> tags = {};
  std::string sqlstate = {};  // empty: no error
  char status = 'I';
};

struct Job {
  using Statements = std::vector<std::string>;  // of one request
  std::uint64_t write = 0;                      // its number; 0: it only reads
  std::vector<std::int64_t> lists = {};         // it appends to
  std::vector<std::function<Statements()>> requests = {};
  std::size_t decides = 0;                      // the request that commits
  std::string undo = {};                        // what must be said, until it works, when a request failed
  // Of a request that went well: what is wrong with it; empty: nothing.
  std::function<std::string(std::size_t request, const Response& response)> check = {};
};

// What they are made of.
struct JobSource {
  Rng& rng;
  History& history;
  std::uint64_t session = 0;
  std::int64_t hour = 0;                     // lists are used for a while, so that they stay short
  std::function<std::uint64_t()> new_write;
  std::function<std::string()> new_mark;     // names the client, and is used once
  std::function<Instant()> now;
  bool is_wide = false;                      // also COPY and temporary tables
};

Job make_job(const JobSource& source);

}  // namespace howdah::sim
