#include "gateway/wire/frame.hpp"

#include "base/rng.hpp"
#include "gateway/wire/messages.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace howdah;
using namespace howdah::wire;

namespace {

struct Seen {
  char tag;
  std::string bytes;  // header and body
  friend bool operator==(const Seen&, const Seen&) = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) { return out << seen.tag << "/" << seen.bytes.size(); }

// Scans `stream` cut at the given positions and puts the messages together again.
std::vector<Seen> scan(Sender sender, std::string_view stream, const std::vector<std::size_t>& cuts) {
  FrameScanner scanner(sender);
  std::vector<Seen> seen;
  std::size_t begin = 0;
  const auto feed = [&](std::size_t end) {
    const std::string copy(stream.substr(begin, end - begin));  // chunks do not outlive their turn
    Bytes chunk = as_bytes(copy);
    Piece piece;
    Scan found = Scan::need_more;
    while ((found = scanner.next(chunk, piece)) == Scan::piece) {
      if (piece.is_first) seen.push_back({piece.tag, {}});
      seen.back().bytes.append(as_text(piece.carried)).append(as_text(piece.bytes));
      REQUIRE(piece.tag == seen.back().tag);
      REQUIRE(piece.is_last == (seen.back().bytes.size() == std::size_t{piece.length} + 1));
    }
    REQUIRE(found == Scan::need_more);
    REQUIRE(chunk.empty());
    begin = end;
  };
  for (const std::size_t cut : cuts) feed(cut);
  feed(stream.size());
  CHECK(scanner.is_between_messages());
  return seen;
}

std::string server_stream() {
  std::string stream;
  const std::string_view names[] = {"a", "b"};
  const std::optional<std::string_view> row[] = {"one", std::nullopt};
  append_row_description(stream, names);
  for (int i = 0; i < 3; ++i) append_data_row(stream, row);
  append_command_complete(stream, "SELECT 3");
  append_bodiless(stream, ServerTag::no_data);
  append_ready(stream, TransactionStatus::idle);
  return stream;
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < size; ++i) cuts.push_back(i);
  return cuts;
}

}  // namespace

TEST_CASE("messages are found wherever the stream is cut") {
  const std::string stream = server_stream();
  const auto whole = scan(Sender::server, stream, {});
  std::string tags;
  for (const Seen& seen : whole) tags.push_back(seen.tag);
  CHECK(tags == "TDDDCnZ");
  CHECK(scan(Sender::server, stream, every_byte(stream.size())) == whole);
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    CAPTURE(cut);
    CHECK(scan(Sender::server, stream, {cut}) == whole);
  }
  Rng rng(1);
  for (int run = 0; run < 200; ++run) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = rng.below(9); at < stream.size(); at += rng.below(20)) cuts.push_back(at);
    CHECK(scan(Sender::server, stream, cuts) == whole);
  }
}

TEST_CASE("a whole message lies in the chunk and is not copied") {
  std::string stream;
  append_query(stream, "select 1");
  Bytes chunk = as_bytes(stream);
  FrameScanner scanner(Sender::client);
  Assembler assembler;
  Piece piece;
  REQUIRE(scanner.next(chunk, piece) == Scan::piece);
  CHECK(piece.is_whole());
  CHECK(piece.carried.empty());
  const auto message = assembler.add(piece);
  REQUIRE(message);
  CHECK(message->client_tag() == ClientTag::query);
  CHECK(message->body.data() == stream.data() + kHeaderSize);
  CHECK(message->body.size() == 9);
}

TEST_CASE("a message in pieces is put together") {
  std::string stream;
  append_query(stream, "select 1");
  append_query(stream, "select 22");
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    CAPTURE(size);
    FrameScanner scanner(Sender::client);
    Assembler assembler;
    std::vector<std::string> texts;
    for (std::size_t at = 0; at < stream.size(); at += size) {
      const std::string copy = stream.substr(at, size);
      Bytes chunk = as_bytes(copy);
      Piece piece;
      while (scanner.next(chunk, piece) == Scan::piece)
        if (const auto message = assembler.add(piece)) texts.emplace_back(parse_query(message->body)->sql);
    }
    CHECK(texts == std::vector<std::string>{"select 1", "select 22"});
  }
}

TEST_CASE("what is no message of the sender breaks the scanner for good") {
  struct Row {
    Sender sender;
    std::string bytes;
    ErrorCode code;
    const char* message;
  };
  const Row rows[] = {
      {Sender::client, "G", ErrorCode::protocol_violation, "invalid frontend message type 71"},
      {Sender::client, "\xff", ErrorCode::protocol_violation, "invalid frontend message type 255"},
      {Sender::server, "Q", ErrorCode::backend_protocol_violation, "invalid backend message type 81"},
      {Sender::client, std::string("Q\0\0\0\3", 5), ErrorCode::protocol_violation, "invalid message length"},
      {Sender::client, std::string("Q\0\0\0\0", 5), ErrorCode::protocol_violation, "invalid message length"},
      {Sender::client, "Q\xff\xff\xff\xff", ErrorCode::protocol_violation, "invalid message length"},
      {Sender::client, std::string("S\0\0\0\5", 5), ErrorCode::protocol_violation, "invalid message length"},
      {Sender::client, std::string("E\0\0\x27\x11", 5), ErrorCode::protocol_violation, "invalid message length"},
      {Sender::server, std::string("Z\0\0\0\6", 5), ErrorCode::backend_protocol_violation, "invalid message length"},
  };
  for (const Row& row : rows) {
    for (const std::size_t size : {std::size_t{1}, row.bytes.size()}) {
      CAPTURE(row.bytes, size);
      FrameScanner scanner(row.sender);
      Scan found = Scan::need_more;
      Piece piece;
      for (std::size_t at = 0; at < row.bytes.size(); at += size) {
        Bytes chunk = as_bytes(row.bytes).subspan(at, size);
        found = scanner.next(chunk, piece);
      }
      CHECK(found == Scan::broken);
      CHECK(scanner.error().code == row.code);
      CHECK(scanner.error().message == row.message);
      CHECK_FALSE(scanner.is_between_messages());
      const std::string good("H\0\0\0\4", 5);
      Bytes chunk = as_bytes(good);
      CHECK(scanner.next(chunk, piece) == Scan::broken);
    }
  }
}

TEST_CASE("the largest allowed length is accepted without holding anything") {
  const std::string header("d\x3f\xff\xff\xff", 5);
  FrameScanner scanner(Sender::client);
  Bytes chunk = as_bytes(header);
  Piece piece;
  REQUIRE(scanner.next(chunk, piece) == Scan::piece);
  CHECK(piece.is_first);
  CHECK_FALSE(piece.is_last);
  CHECK(scanner.left_of_message() == kLargeLimit - 4);
}

TEST_CASE("a run of rows is one range") {
  const std::string stream = server_stream();
  FrameScanner scanner(Sender::server);
  Bytes chunk = as_bytes(stream);
  std::uint64_t count = 0;
  CHECK(scanner.take_run(chunk, ServerTag::data_row, count).empty());  // RowDescription comes first
  Piece piece;
  REQUIRE(scanner.next(chunk, piece) == Scan::piece);
  const Bytes run = scanner.take_run(chunk, ServerTag::data_row, count);
  CHECK(count == 3);
  CHECK(run.data() == piece.bytes.data() + piece.bytes.size());
  REQUIRE(scanner.next(chunk, piece) == Scan::piece);
  CHECK(piece.tag == 'C');
}

TEST_CASE("a run ends before a row that is cut or wrong") {
  std::string rows;
  const std::optional<std::string_view> row[] = {"value"};
  append_data_row(rows, row);
  const std::size_t size = rows.size();
  append_data_row(rows, row);
  for (std::size_t end = size; end < rows.size(); ++end) {
    CAPTURE(end);
    FrameScanner scanner(Sender::server);
    Bytes chunk = as_bytes(rows).first(end);
    std::uint64_t count = 0;
    CHECK(scanner.take_run(chunk, ServerTag::data_row, count).size() == size);
    CHECK(count == 1);
    CHECK(chunk.size() == end - size);
  }
  const std::string wrong = rows.substr(0, size) + std::string("D\0\0\0\1", 5);
  FrameScanner scanner(Sender::server);
  Bytes chunk = as_bytes(wrong);
  std::uint64_t count = 0;
  CHECK(scanner.take_run(chunk, ServerTag::data_row, count).size() == size);
  Piece piece;
  CHECK(scanner.next(chunk, piece) == Scan::broken);
}

TEST_CASE("no run is taken in the middle of a message") {
  std::string rows;
  const std::optional<std::string_view> row[] = {"DDDDDDDDDDDD"};
  append_data_row(rows, row);
  FrameScanner scanner(Sender::server);
  Bytes chunk = as_bytes(rows).first(12);
  Piece piece;
  REQUIRE(scanner.next(chunk, piece) == Scan::piece);
  chunk = as_bytes(rows).subspan(12);
  std::uint64_t count = 0;
  CHECK(scanner.take_run(chunk, ServerTag::data_row, count).empty());
  CHECK(count == 0);
}

TEST_CASE("the table tells the two directions apart") {
  CHECK(find_message_type(Sender::client, 'D')->name == "Describe");
  CHECK(find_message_type(Sender::server, 'D')->name == "DataRow");
  CHECK(find_message_type(Sender::client, 'Z') == nullptr);
  CHECK(find_message_type(Sender::server, 'Q') == nullptr);
  CHECK(type_of(ClientTag::bind).hold == Hold::head);
  CHECK(type_of(ServerTag::ready).max_length == kOneByteBody);
}
