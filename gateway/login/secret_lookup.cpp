#include "gateway/login/secret_lookup.hpp"

#include "gateway/login/scram_verifier.hpp"
#include "gateway/wire/client_messages.hpp"
#include "gateway/wire/error_response.hpp"
#include "gateway/wire/server_messages.hpp"

namespace howdah::login {

namespace {

constexpr std::size_t kMd5Size = 35;
constexpr std::string_view kNoText = "22021";  // character_not_in_repertoire

Error failed(std::string detail) {
  return {ErrorCode::environment, "auth_query failed", std::move(detail)};
}

}  // namespace

StoredSecret secret_of_server(std::string_view text) {
  if (text.empty()) return NoSecret{};
  if (auto verifier = parse_scram_verifier(text)) return std::move(*verifier);
  const bool is_hash = text.size() == kMd5Size && text.starts_with("md5") &&
                       text.find_first_not_of("0123456789abcdef", 3) == std::string_view::npos;
  if (is_hash) return Md5Hash{std::string(text)};
  return PlainPassword{std::string(text)};
}

void SecretQuestion::start(std::string_view query, std::string_view user, std::string& out) const {
  wire::append_parse(out, "", query, {});
  const std::optional<std::string_view> values[] = {user};
  wire::append_bind(out, "", "", values);
  wire::append_execute(out, "");
  wire::append_sync(out);
}

std::optional<Result<StoredSecret>> SecretQuestion::step(Bytes& input) {
  wire::Piece piece;
  for (;;) {
    switch (scanner_.next(input, piece)) {
      case wire::Scan::need_more: return std::nullopt;
      case wire::Scan::broken: return failed(scanner_.error().message);
      case wire::Scan::piece: break;
    }
    const auto message = assembler_.add(piece);
    if (!message) continue;
    if (const auto taken = on_message(*message); !taken) return taken.error();
    if (!is_over_) continue;
    if (error_) return *error_;
    return std::move(secret_);
  }
}

Result<void> SecretQuestion::on_message(const wire::Message& message) {
  switch (message.server_tag()) {
    case wire::ServerTag::error: {
      const auto error = wire::parse_error_response(message.body);
      if (!error) return error.error();
      // Bytes that are no text are nobody's name.
      if (error->sqlstate() != kNoText) error_ = failed(std::string(error->message()));
      return {};
    }
    case wire::ServerTag::data_row: {
      const auto values = wire::parse_data_row(message.body);
      if (!values) return values.error();
      if (values->size() != 2) error_ = failed("auth_query must give two columns: name and secret");
      if (values->size() == 2 && !has_row_ && (*values)[1]) secret_ = secret_of_server(*(*values)[1]);
      has_row_ = true;
      return {};
    }
    case wire::ServerTag::ready: is_over_ = true; return {};
    default: return {};
  }
}

const StoredSecret* SecretCache::find(const std::string& user, Instant now, Duration max_age) const {
  const auto found = entries_.find(user);
  if (found == entries_.end() || now - found->second.asked_at >= max_age) return nullptr;
  return &found->second.secret;
}

void SecretCache::keep(const std::string& user, StoredSecret secret, Instant now) {
  if (std::holds_alternative<NoSecret>(secret)) return forget(user);
  if (entries_.size() >= most_) entries_.clear();
  entries_[user] = {std::move(secret), now};
}

}  // namespace howdah::login
