#include "gateway/wire/startup.hpp"

#include "gateway/wire/frame.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace howdah;
using namespace howdah::wire;
using namespace std::literals;

namespace {

std::string startup_packet(std::uint32_t version, std::string_view rest) {
  std::string packet;
  append_u32(packet, static_cast<std::uint32_t>(8 + rest.size()));
  append_u32(packet, version);
  return packet.append(rest);
}

// The first action that is not "more bytes".
StartupAction feed(StartupReader& reader, std::string_view bytes, std::size_t chunk_size) {
  for (std::size_t at = 0; at < bytes.size(); at += chunk_size) {
    const std::string copy(bytes.substr(at, chunk_size));
    Bytes chunk = as_bytes(copy);
    StartupAction action = reader.step(chunk);
    if (!std::holds_alternative<StartupPending>(action)) return action;
    REQUIRE(chunk.empty());
  }
  return StartupPending{};
}

StartupAction feed_all_ways(std::string_view bytes, StartupReader::Options options = {}) {
  StartupReader slow(options);
  const auto by_byte = feed(slow, bytes, 1);
  StartupReader quick(options);
  auto whole = feed(quick, bytes, bytes.size());
  CHECK(by_byte.index() == whole.index());
  return whole;
}

const Error& refusal(const StartupAction& action) {
  REQUIRE(std::holds_alternative<Refuse>(action));
  return std::get<Refuse>(action).error;
}

}  // namespace

TEST_CASE("a start-up message is read with all its parameters") {
  std::string packet;
  append_startup(packet, {3, 0}, "joe", "shop", {{"application_name", "psql"}, {"options", "-c x=1"}});
  const auto action = feed_all_ways(packet);
  const auto& startup = std::get<StartupMessage>(action);
  CHECK(startup.user == "joe");
  CHECK(startup.database == "shop");
  CHECK(startup.options == "-c x=1");
  CHECK(startup.parameters == std::vector<std::pair<std::string, std::string>>{{"application_name", "psql"}});
  CHECK_FALSE(startup.needs_negotiation());
  std::string out;
  append_negotiation(out, startup);
  CHECK(out.empty());
}

TEST_CASE("the protocol version is negotiated as PostgreSQL 18 does") {
  struct Row {
    std::uint16_t minor;
    std::string_view options;
    std::uint16_t spoken;
    std::string answer;  // NegotiateProtocolVersion
  };
  const Row rows[] = {
      {0, ""sv, 0, ""},
      {1, ""sv, 1, ""},
      {2, ""sv, 2, ""},
      {3, ""sv, 2, "v\0\0\0\x0c\0\3\0\2\0\0\0\0"s},
      {9, ""sv, 2, "v\0\0\0\x0c\0\3\0\2\0\0\0\0"s},
      {9999, ""sv, 2, "v\0\0\0\x0c\0\3\0\2\0\0\0\0"s},
      {0, "_pq_.a\0on\0"sv, 0, "v\0\0\0\x13\0\3\0\0\0\0\0\1_pq_.a\0"s},
      {9999, "_pq_.a\0on\0_pq_.bb\0\0"sv, 2, "v\0\0\0\x1b\0\3\0\2\0\0\0\2_pq_.a\0_pq_.bb\0"s},
  };
  for (const Row& row : rows) {
    CAPTURE(row.minor);
    const auto action = feed_all_ways(startup_packet(3u << 16 | row.minor, "user\0u\0"s.append(row.options) + '\0'));
    const auto& startup = std::get<StartupMessage>(action);
    CHECK(startup.spoken == ProtocolVersion{3, row.spoken});
    CHECK(startup.parameters.empty());
    std::string out;
    append_negotiation(out, startup);
    CHECK(out == row.answer);
  }
}

TEST_CASE("what is no start-up packet is refused with PostgreSQL's words") {
  struct Row {
    std::string packet;
    ErrorCode code;
    const char* message;
  };
  const Row rows[] = {
      {startup_packet(2u << 16, std::string(288, '\0')), ErrorCode::unsupported_protocol,
       "unsupported frontend protocol 2.0: server supports 3.0 to 3.2"},
      {startup_packet(4u << 16, "user\0u\0\0"s), ErrorCode::unsupported_protocol,
       "unsupported frontend protocol 4.0: server supports 3.0 to 3.2"},
      {startup_packet(3u << 16, "\0"s), ErrorCode::user_missing, "no PostgreSQL user name specified in startup packet"},
      {startup_packet(3u << 16, "user\0\0\0"s), ErrorCode::user_missing,
       "no PostgreSQL user name specified in startup packet"},
      {startup_packet(3u << 16, "user\0u\0"s), ErrorCode::protocol_violation,
       "invalid startup packet layout: expected terminator as last byte"},
      {startup_packet(3u << 16, "user\0u\0\0x"s), ErrorCode::protocol_violation,
       "invalid startup packet layout: expected terminator as last byte"},
      {startup_packet(3u << 16, "user"s), ErrorCode::protocol_violation,
       "invalid startup packet layout: expected terminator as last byte"},
      {startup_packet(3u << 16, ""s), ErrorCode::protocol_violation,
       "invalid startup packet layout: expected terminator as last byte"},
      {startup_packet(3u << 16, "user\0u\0replication\0maybe\0\0"s), ErrorCode::startup_parameter_invalid,
       "invalid value for parameter \"replication\": \"maybe\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message);
    const auto action = feed_all_ways(row.packet);
    CHECK(refusal(action).code == row.code);
    CHECK(refusal(action).message == row.message);
  }
}

TEST_CASE("what is no startup packet is not answered") {
  for (const std::string& bytes : {"\0\0\0\x07\0\3\0"s, "\0\0\0\0"s, "\0\0\x27\x15"s, "GET / HTTP/1.1\r\n"s, "X\0\0\0\4"s}) {
    CAPTURE(bytes);
    const auto action = feed_all_ways(bytes);
    REQUIRE(std::holds_alternative<Drop>(action));
    CHECK(std::get<Drop>(action).error.message == "invalid length of startup packet");
  }
}

TEST_CASE("only clients older than protocol 3 get the old error format") {
  CHECK(std::get<Refuse>(feed_all_ways(startup_packet(2u << 16, "\0"s))).is_old_client);
  CHECK(std::get<Refuse>(feed_all_ways(startup_packet(1u << 16, "\0"s))).is_old_client);
  CHECK_FALSE(std::get<Refuse>(feed_all_ways(startup_packet(4u << 16, "\0"s))).is_old_client);
}

TEST_CASE("the largest packet PostgreSQL takes is taken") {
  const std::string name(10000 - 4 - 3 - 5 - 2, 'x');  // version, "a", terminator; "user", "u"
  const std::string packet = startup_packet(3u << 16, "user\0u\0a\0"s + name.substr(1) + "\0\0"s);
  CHECK(packet.size() == 10004);
  CHECK(std::holds_alternative<StartupMessage>(feed_all_ways(packet)));
}

TEST_CASE("database and replication follow PostgreSQL") {
  struct Row {
    std::string_view rest;
    std::string database;
    Replication replication;
  };
  const Row rows[] = {
      {"user\0joe\0\0"sv, "joe", Replication::none},
      {"user\0joe\0database\0\0\0"sv, "joe", Replication::none},
      {"user\0joe\0replication\0true\0\0"sv, "", Replication::physical},
      {"user\0joe\0database\0d\0replication\0ON\0\0"sv, "", Replication::physical},
      {"user\0joe\0database\0d\0replication\0database\0\0"sv, "d", Replication::logical},
      {"user\0joe\0database\0d\0replication\0of\0\0"sv, "d", Replication::none},
      {"user\0joe\0database\0d\0replication\0f\0\0"sv, "d", Replication::none},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rest);
    const auto action = feed_all_ways(startup_packet(3u << 16, row.rest));
    CHECK(std::get<StartupMessage>(action).database == row.database);
    CHECK(std::get<StartupMessage>(action).replication == row.replication);
  }
}

TEST_CASE("overlong names are cut as the server would, before any rule sees them") {
  const std::string longer(100, 'n');
  const auto action = feed_all_ways(startup_packet(3u << 16, "user\0"s + longer + "\0\0"s));
  CHECK(std::get<StartupMessage>(action).user == longer.substr(0, 63));
  CHECK(std::get<StartupMessage>(action).database == longer.substr(0, 63));
}

TEST_CASE("encryption requests are answered, each once, in either order") {
  std::string ssl;
  append_ssl_request(ssl);
  std::string gss;
  append_gss_request(gss);
  CHECK(ssl == "\0\0\0\x08\x04\xd2\x16\x2f"s);
  CHECK(gss == "\0\0\0\x08\x04\xd2\x16\x30"s);
  const std::string startup = startup_packet(3u << 16, "user\0u\0\0"s);

  StartupReader plain({.has_tls = false});
  CHECK(std::get<Answer>(feed(plain, gss, 8)).byte == 'N');
  CHECK(std::get<Answer>(feed(plain, ssl, 8)).byte == 'N');
  CHECK(std::holds_alternative<StartupMessage>(feed(plain, startup, 3)));

  StartupReader tls({.has_tls = true});
  CHECK(std::get<Answer>(feed(tls, gss, 8)).byte == 'N');
  CHECK(std::holds_alternative<StartTls>(feed(tls, ssl, 8)));
  tls.tls_started();
  CHECK(std::holds_alternative<StartupMessage>(feed(tls, startup, 3)));

  StartupReader again({.has_tls = false});
  CHECK(std::get<Answer>(feed(again, ssl, 8)).byte == 'N');
  CHECK(refusal(feed(again, ssl, 8)).code == ErrorCode::too_many_negotiations);

  StartupReader encrypted({.has_tls = true});
  CHECK(std::holds_alternative<StartTls>(feed(encrypted, ssl, 8)));
  encrypted.tls_started();
  CHECK(refusal(feed(encrypted, gss, 8)).code == ErrorCode::too_many_negotiations);
}

TEST_CASE("bytes sent before the encryption began are refused") {
  std::string packet;
  append_ssl_request(packet);
  packet += startup_packet(3u << 16, "user\0u\0\0"s);
  for (const bool has_tls : {true, false}) {
    StartupReader reader({.has_tls = has_tls});
    const auto action = feed(reader, packet, packet.size());
    CHECK(refusal(action).code == ErrorCode::protocol_violation);
    CHECK(refusal(action).message == "received unencrypted data after SSL request");
  }
  packet.replace(4, 4, "\x04\xd2\x16\x30");
  StartupReader reader({});
  CHECK(refusal(feed(reader, packet, packet.size())).message ==
        "received unencrypted data after GSSAPI encryption request");
}

TEST_CASE("a TLS handshake without a request is taken only where TLS is available") {
  const std::string hello = "\x16\x03\x01\x02\x00"s;
  StartupReader with({.has_tls = true});
  Bytes input = as_bytes(hello);
  CHECK(std::holds_alternative<DirectTls>(with.step(input)));
  CHECK(input.size() == hello.size());  // the handshake needs them all
  with.tls_started();
  std::string ssl;
  append_ssl_request(ssl);
  CHECK(std::get<Answer>(feed(with, ssl, 8)).byte == 'N');
  CHECK(std::holds_alternative<Drop>(feed_all_ways(hello, {.has_tls = false})));
}

TEST_CASE("a cancel request is read with short and long keys") {
  for (const std::size_t size : {4, 32, 256}) {
    const CancelKey key{77, std::string(size, 's')};
    std::string packet;
    append_cancel_request(packet, key);
    CHECK(std::get<Cancel>(feed_all_ways(packet)).key == key);
  }
  for (const std::size_t size : {0, 3, 257}) {
    std::string packet;
    append_cancel_request(packet, {77, std::string(size, 's')});
    CHECK(std::holds_alternative<Drop>(feed_all_ways(packet)));
  }
}

TEST_CASE("what follows the start-up message is left for the next reader") {
  std::string packet = startup_packet(3u << 16, "user\0u\0\0"s);
  packet += "p\0\0\0\6pw";
  StartupReader reader({});
  Bytes input = as_bytes(packet);
  CHECK(std::holds_alternative<StartupMessage>(reader.step(input)));
  CHECK(as_text(input).starts_with("p"));
}
