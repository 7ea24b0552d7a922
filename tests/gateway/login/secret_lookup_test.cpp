#include "gateway/login/secret_lookup.hpp"

#include <catch2/catch.hpp>

#include "gateway/login/scram_verifier.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah::login {
namespace {

using Cells = std::vector<std::optional<std::string_view>>;

std::string answer_with(const std::vector<Cells>& rows) {
  std::string out;
  wire::append_bodiless(out, wire::ServerTag::parse_complete);
  wire::append_bodiless(out, wire::ServerTag::bind_complete);
  for (const Cells& row : rows) wire::append_data_row(out, row);
  wire::append_command_complete(out, "SELECT 1");
  wire::append_ready(out, wire::TransactionStatus::idle);
  return out;
}

std::optional<Result<StoredSecret>> answered(const std::string& bytes) {
  SecretQuestion question;
  Bytes input = as_bytes(bytes);
  return question.step(input);
}

TEST_CASE("the name is a parameter, never a part of the statement") {
  const SecretQuestion question;
  std::string out, expected;
  question.start("SELECT $1", "x' OR true --", out);
  wire::append_parse(expected, "", "SELECT $1");
  const std::optional<std::string_view> values[] = {"x' OR true --"};
  wire::append_bind(expected, "", "", values);
  wire::append_execute(expected, "");
  wire::append_sync(expected);
  CHECK(out == expected);
}

TEST_CASE("the answer is a secret, or none") {
  const std::string verifier = to_text(make_scram_verifier("pw", "salt", 4096));
  const std::string hash = "md5c0ffee0123456789c0ffee0123456789";
  CHECK(std::holds_alternative<ScramVerifier>(answered(answer_with({{"u", verifier}}))->value()));
  CHECK(answered(answer_with({{"u", hash}}))->value() == StoredSecret(Md5Hash{hash}));
  CHECK(answered(answer_with({{"u", "TEXTual"}}))->value() == StoredSecret(PlainPassword{"TEXTual"}));
  CHECK(answered(answer_with({{"u", std::nullopt}}))->value() == StoredSecret(NoSecret{}));
  CHECK(answered(answer_with({{"u", ""}}))->value() == StoredSecret(NoSecret{}));
  CHECK(answered(answer_with({}))->value() == StoredSecret(NoSecret{}));
  CHECK(answered(answer_with({{"u", "first"}, {"u", "second"}}))->value() == StoredSecret(PlainPassword{"first"}));
}

TEST_CASE("the answer may come in any pieces") {
  const std::string bytes = answer_with({{"u", "pw"}});
  SecretQuestion question;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes input = as_bytes(std::string_view(bytes).substr(i, 1));
    const auto result = question.step(input);
    CHECK(result.has_value() == (i + 1 == bytes.size()));
  }
  CHECK(question.is_over());
}

TEST_CASE("an error is waited out, so that the connection can be asked again") {
  std::string bytes;
  wire::append_error(bytes, Error{ErrorCode::internal, "permission denied for table pg_authid"}, Severity::error);
  SecretQuestion question;
  Bytes input = as_bytes(bytes);
  CHECK(!question.step(input));
  std::string rest;
  wire::append_ready(rest, wire::TransactionStatus::idle);
  input = as_bytes(rest);
  const auto result = question.step(input);
  REQUIRE(result);
  CHECK(result->error().detail == "permission denied for table pg_authid");
  CHECK(question.is_over());
  CHECK(answered(answer_with({{"only one"}}))->has_error());
}

TEST_CASE("a name that is no text is nobody's") {
  using namespace std::string_literals;
  std::string bytes;
  wire::append_error(bytes, wire::ServerError{"SERROR\0C22021\0Minvalid byte sequence\0\0"s});
  wire::append_ready(bytes, wire::TransactionStatus::idle);
  CHECK(answered(bytes)->value() == StoredSecret(NoSecret{}));
}

TEST_CASE("nonsense ends it without the connection being usable") {
  SecretQuestion question;
  Bytes input = as_bytes(std::string_view("\xff\0\0\0\1nonsense", 13));
  const auto result = question.step(input);
  REQUIRE(result);
  CHECK(result->has_error());
  CHECK(!question.is_over());
}

TEST_CASE("answers are believed for a time, and unknown users are not kept") {
  SecretCache cache(2);
  const Instant now{1h};
  cache.keep("a", PlainPassword{"x"}, now);
  cache.keep("ghost", NoSecret{}, now);
  CHECK(cache.find("a", now + 59s, 60s) != nullptr);
  CHECK(cache.find("a", now + 60s, 60s) == nullptr);
  CHECK(cache.find("a", now, 0s) == nullptr);
  CHECK(cache.find("ghost", now, 60s) == nullptr);
  cache.keep("a", NoSecret{}, now);
  CHECK(cache.find("a", now, 60s) == nullptr);
  for (const char* user : {"b", "c", "d"}) cache.keep(user, PlainPassword{"y"}, now);
  CHECK(cache.find("d", now, 60s) != nullptr);
  CHECK(cache.find("b", now, 60s) == nullptr);
  cache.forget("d");
  CHECK(cache.find("d", now, 60s) == nullptr);
}

}  // namespace
}  // namespace howdah::login
