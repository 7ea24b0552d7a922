// What the command line tools need of the machine: the user's name, a password typed unseen, the password file.
#pragma once

#include <optional>
#include <string>

namespace howdah::pcp {

std::string operating_system_user();
// Asks on the terminal without echo; without a terminal reads a line of standard input.
std::string ask_password(const std::string& prompt);
// The text of PCPPASSFILE or ~/.pcppass. Nothing if there is none, or (with a warning on stderr) if others may read it.
std::optional<std::string> read_password_file();

}  // namespace howdah::pcp
