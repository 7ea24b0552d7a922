#include "sql_router/routing_options.hpp"

#include <fmt/format.h>

#include <utility>

namespace howdah {

namespace {

void free_regex(const regex_t* compiled) {
  auto* owned = const_cast<regex_t*>(compiled);
  regfree(owned);
  delete owned;
}

}  // namespace

Pattern::Pattern(std::string text, std::shared_ptr<const regex_t> compiled)
    : text_(std::move(text)), compiled_(std::move(compiled)) {}

Result<Pattern> Pattern::compile(std::string_view text) {
  auto compiled = std::make_unique<regex_t>();
  const std::string anchored = fmt::format("^({})$", text);
  const int status = regcomp(compiled.get(), anchored.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (status != 0) {
    char why[128];
    regerror(status, compiled.get(), why, sizeof why);
    return Error{ErrorCode::configuration, fmt::format("\"{}\" is not a regular expression", text), why};
  }
  return Pattern(std::string(text), std::shared_ptr<const regex_t>(compiled.release(), free_regex));
}

bool Pattern::matches(std::string_view candidate) const {
  regmatch_t range[1];
  range[0].rm_so = 0;
  range[0].rm_eo = static_cast<regoff_t>(candidate.size());
  return regexec(compiled_.get(), candidate.data(), 1, range, REG_STARTEND) == 0;
}

}  // namespace howdah
