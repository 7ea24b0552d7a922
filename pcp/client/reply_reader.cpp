#include "pcp/client/reply_reader.hpp"

#include <fmt/format.h>

#include <utility>

namespace howdah::pcp {

Result<bool> ReplyReader::take(const Frame& frame) {
  if (frame.letter == 'E') {
    reply_.error = parse_message(frame.payload);
    return true;
  }
  if (frame.letter == 'N') {
    reply_.notices.push_back(parse_message(frame.payload));
    return false;
  }
  auto texts = split_texts(frame.payload);
  if (frame.letter != command_.reply || texts.empty())
    return Error{ErrorCode::protocol_violation, fmt::format("unexpected packet \"{}\" from the server", frame.letter)};
  const std::string kind = std::move(texts.front());
  texts.erase(texts.begin());
  if (kind == "CommandComplete") {
    reply_.texts = std::move(texts);
    return true;
  }
  if (kind != "ArraySize") reply_.records.push_back(std::move(texts));
  return false;
}

}  // namespace howdah::pcp
