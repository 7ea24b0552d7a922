// What one statement does to the settings of its session once it has succeeded, and how it divides the transaction they
// belong to: PostgreSQL undoes a SET with its transaction or savepoint (manual, "SET", notes).
#pragma once

#include <cstdint>
#include <string>

namespace howdah {

enum class SessionStepKind : std::uint8_t {
  set,          // SET, set_config(): name, value
  reset,        // RESET, SET ... TO DEFAULT: name
  reset_all,    // RESET ALL: all but the role
  discard_all,
  savepoint,    // name; also the next two
  release,
  rollback_to,
  end,          // COMMIT, ROLLBACK and their kin: the command's tag tells which it came to be
};

struct SessionStep {
  SessionStepKind kind = SessionStepKind::set;
  bool is_list = false;          // the value is a list of names, each in double quotes: "a", "b"
  std::uint16_t parameter = 0;   // the value is what $1, $2 ... is bound to; 0: it is `value`
  std::uint16_t name_parameter = 0;  // so is the name; 0: it is `name`
  std::uint32_t statement = 0;   // its place in the string, from 0
  std::string name = {};         // of a setting: lower case
  std::string value = {};        // in the words of set_config()
  bool operator==(const SessionStep&) const = default;
};

}  // namespace howdah
