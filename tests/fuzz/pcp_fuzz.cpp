// PCP from both sides: the bytes as what a client sends to the server's connection (without and with a login), and as
// what a server sends to the tools. Whatever they are: no crash, no order without a login, every question answered.
#include "base/assert.hpp"
#include "pcp/frame.hpp"
#include "tests/pcp/wire_driver.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace howdah::pcp;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  FakeSurface untouched;
  WireDriver stranger(untouched);
  stranger.send(bytes);
  HOWDAH_ASSERT(untouched.orders.empty() || stranger.connection().is_logged_in());

  FakeSurface surface;
  WireDriver operator_of_it(surface);
  operator_of_it.log_in();
  operator_of_it.send(bytes);
  HOWDAH_ASSERT(operator_of_it.is_closed() || operator_of_it.connection().wants_bytes());

  FrameReader replies(kMaxReplyLength);
  replies.feed(howdah::as_bytes(bytes));
  while (const auto frame = replies.next()) {
    parse_message(frame->payload);
    split_texts(frame->payload);
  }
  return 0;
}
