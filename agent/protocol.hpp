// What gateway and agent say to each other: one request a line, one report a line, both JSON objects, over TLS with
// certificates on both sides. Requests are answered in order; a key that is not known is passed over, one that is missing
// has its default. Positions and 64-bit numbers are texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/server_facts.hpp"
#include "base/result.hpp"

namespace howdah::agent {

inline constexpr std::size_t kMaxLine = 64 * 1024;  // without the newline; who sends more is cut off

struct Request {
  std::string command = {};  // a row of agent/commands.cpp
  // The cluster as the gateway sees it.
  Epoch epoch = {};                     // for the log
  TimelineId timeline = {};             // of the primary in office; a server that is ahead of it is left alone
  std::uint64_t system_identifier = 0;  // 0: not known
  bool is_in_office = false;            // lease, start: the gateway holds this agent's server to be the primary
  // stop
  std::string mode = "fast";            // fast, immediate
  // rejoin, clone
  std::string primary_host = {};
  int primary_port = 0;
  std::string slot = {};                // primary_slot_name; empty: as the server has it
  Lsn clean_at = {};                    // stopped in order at this checkpoint, it may follow as it is; 0/0: not known
  bool may_clone = false;

  friend bool operator==(const Request&, const Request&) = default;
};

struct Report {
  std::string error = {};  // empty: done
  std::string hint = {};
  ServerFacts server = {};
  std::string busy = {};   // the command under way that changes something
  std::string did = {};    // of rejoin: followed, rewound, cloned

  bool is_ok() const { return error.empty(); }
};

// Without the newline.
std::string to_line(const Request& request);
std::string to_line(const Report& report);
Result<Request> parse_request(std::string_view line);
Result<Report> parse_report(std::string_view line);

}  // namespace howdah::agent
