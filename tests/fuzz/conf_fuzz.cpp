// Fuzzes the parsers of configuration files. The first byte chooses the parser; the rest is the file.
#include "conf/hba.hpp"
#include "conf/load.hpp"
#include "conf/users.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace howdah;

namespace {

constexpr const char* kPath = "/fuzz/file";

void fuzz_config(std::string_view text) {
  // The file includes itself by the name it has; every other name is missing.
  const FileReader read = [text](const std::string& path) -> Result<std::string> {
    if (path == kPath) return std::string(text);
    return Error{ErrorCode::environment, "no such file"};
  };
  load_settings({kPath, read, {}});
}

void fuzz_hba(std::string_view text) {
  const FileReader read = [text](const std::string&) -> Result<std::string> { return std::string(text); };
  const HbaRules rules = parse_hba(text, kPath, read);
  match(rules.rules, {.address = parse_ip("10.0.0.1"), .database = "db", .user = "user"}, {});
}

void fuzz_users(std::string_view text) {
  parse_pool_passwd(text, kPath, "key");
  parse_pcp_conf(text, kPath);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (bytes[0] % 3 == 0) fuzz_config(text);
  if (bytes[0] % 3 == 1) fuzz_hba(text);
  if (bytes[0] % 3 == 2) fuzz_users(text);
  return 0;
}
