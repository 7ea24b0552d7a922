// Seeded random bytes into everything that reads foreign bytes: nothing may crash, hang, read beyond the end (the
// sanitizers watch) or accept what it cannot have understood.
#include "base/rng.hpp"
#include "gateway/wire/frame.hpp"
#include "gateway/wire/messages.hpp"
#include "gateway/wire/startup.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace howdah;
using namespace howdah::wire;

namespace {

constexpr int kRuns = 3000;

// Bytes that look like lengths, names and texts more often than chance would have it. Exactly as long as they are, so
// that a read beyond the end is seen.
std::vector<char> random_body(Rng& rng) {
  std::vector<char> body(rng.below(60));
  const std::uint64_t flavour = rng.below(3);
  for (char& c : body) {
    if (flavour == 0 || rng.chance(0.2))
      c = static_cast<char>(rng.below(256));
    else
      c = flavour == 1 ? static_cast<char>(rng.below(4)) : static_cast<char>('a' + rng.below(3));
    if (rng.chance(0.1)) c = '\0';
  }
  return body;
}

bool is_inside(std::string_view part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

TEST_CASE("parsers return views into the body or an error, whatever the body is") {
  struct Row {
    const char* name;
    std::function<bool(Bytes)> is_sound;
  };
  const auto accepts = [](auto parse) {
    return [parse](Bytes body) {
      (void)parse(body);
      return true;
    };
  };
  const Row rows[] = {
      {"Query",
       [](Bytes b) {
         auto r = parse_query(b);
         return r.has_error() || is_inside(r->sql, b);
       }},
      {"Parse",
       [](Bytes b) {
         auto r = parse_parse(b);
         return r.has_error() || is_inside(as_text(r->types), b);
       }},
      {"Bind",
       [](Bytes b) {
         auto r = parse_bind_head(b, true);
         return r.has_error() || ((*r)->rest <= b.size() && is_inside((*r)->statement, b));
       }},
      {"Describe",
       [](Bytes b) {
         auto r = parse_target(b);
         return r.has_error() || is_inside(r->name, b);
       }},
      {"Execute",
       [](Bytes b) {
         auto r = parse_execute(b);
         return r.has_error() || is_inside(r->portal, b);
       }},
      {"CopyFail",
       [](Bytes b) {
         auto r = parse_copy_fail(b);
         return r.has_error() || is_inside(*r, b);
       }},
      {"Password",
       [](Bytes b) {
         auto r = parse_password(b);
         return r.has_error() || is_inside(*r, b);
       }},
      {"SASLInitialResponse",
       [](Bytes b) {
         auto r = parse_sasl_initial_response(b);
         return r.has_error() || (is_inside(r->mechanism, b) && is_inside(r->data.value_or(""), b));
       }},
      {"ErrorResponse",
       [](Bytes b) {
         auto r = parse_error_response(b);
         return is_inside(ErrorView(b).sqlstate(), b) && (r.has_error() || is_inside(r->message(), b));
       }},
      {"ParameterStatus",
       [](Bytes b) {
         auto r = parse_parameter_status(b);
         return r.has_error() || is_inside(r->value, b);
       }},
      {"DataRow",
       [](Bytes b) {
         auto r = parse_data_row(b);
         if (r.has_error()) return true;
         for (const auto& value : *r)
           if (!is_inside(value.value_or(""), b)) return false;
         return true;
       }},
      {"Notification",
       [](Bytes b) {
         auto r = parse_notification(b);
         return r.has_error() || is_inside(r->payload, b);
       }},
      {"BackendKeyData",
       [](Bytes b) {
         auto r = parse_backend_key(b);
         return r.has_error() || r->secret.size() <= kMaxSecretSize;
       }},
      {"NegotiateProtocolVersion", accepts(parse_negotiate_version)},
      {"RowDescription", accepts(parse_row_description_names)},
      {"ParameterDescription", accepts(parse_parameter_description)},
      {"CopyResponse", accepts(parse_copy_response)},
      {"Authentication", accepts(parse_authentication)},
      {"AuthenticationSASL", accepts(parse_sasl_mechanisms)},
      {"FunctionCall", accepts(parse_function_call_id)},
      {"CommandComplete", accepts(parse_command_complete)},
      {"StartupMessage", accepts(parse_startup)},
  };
  Rng rng(20260101);
  for (int run = 0; run < kRuns; ++run) {
    const std::vector<char> body = random_body(rng);
    for (const Row& row : rows) {
      CAPTURE(row.name, run);
      REQUIRE(row.is_sound({body.data(), body.size()}));
    }
  }
}

TEST_CASE("the scanner accounts for every byte of nonsense or stops") {
  Rng rng(20260102);
  for (int run = 0; run < kRuns; ++run) {
    const Sender sender = rng.chance(0.5) ? Sender::client : Sender::server;
    FrameScanner scanner(sender);
    for (int chunk_number = 0; chunk_number < 5; ++chunk_number) {
      std::vector<char> bytes = random_body(rng);
      // A plausible beginning, so that the run gets past the first byte.
      const auto& type = kMessageTypes[rng.below(kMessageTypes.size())];
      if (scanner.is_between_messages() && bytes.size() > kHeaderSize) {
        bytes[0] = type.tag;
        store_u32(bytes.data() + 1, static_cast<std::uint32_t>(rng.below(40)));
      }
      Bytes chunk(bytes.data(), bytes.size());
      std::size_t seen = 0;
      Piece piece;
      std::uint64_t rows = 0;
      Scan found = Scan::need_more;
      do {
        seen += scanner.take_run(chunk, ServerTag::data_row, rows).size();
        found = scanner.next(chunk, piece);
        if (found == Scan::piece) {
          seen += piece.bytes.size();
          REQUIRE(piece.length <= find_message_type(sender, piece.tag)->max_length);
        }
      } while (found == Scan::piece);
      REQUIRE(seen <= bytes.size());
      if (found == Scan::broken) {
        CHECK_FALSE(scanner.error().message.empty());
        break;
      }
      // What is not in a piece is the beginning of a header, which the scanner keeps.
      REQUIRE(bytes.size() - seen < kHeaderSize);
    }
  }
}

TEST_CASE("the start-up reader ends or asks for more, and holds no more than one packet") {
  Rng rng(20260103);
  for (int run = 0; run < kRuns; ++run) {
    std::vector<char> bytes = random_body(rng);
    if (bytes.size() >= 8 && rng.chance(0.8)) {
      static constexpr std::uint32_t kCodes[] = {3u << 16, kSslRequestCode, kGssRequestCode, kCancelRequestCode};
      store_u32(bytes.data(), static_cast<std::uint32_t>(bytes.size() - rng.below(3)));
      store_u32(bytes.data() + 4, kCodes[rng.below(4)]);
    }
    StartupReader reader({.has_tls = rng.chance(0.5)});
    Bytes input(bytes.data(), bytes.size());
    const StartupAction action = reader.step(input);
    if (std::holds_alternative<StartupPending>(action)) CHECK(input.empty());
    if (const auto* startup = std::get_if<StartupMessage>(&action)) CHECK_FALSE(startup->user.empty());
  }
}
