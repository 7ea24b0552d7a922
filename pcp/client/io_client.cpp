#include "pcp/client/io_client.hpp"

#include "pcp/login.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace howdah::pcp {

namespace {

// Debian's directory, then Pgpool's own default.
constexpr std::array<const char*, 2> kSocketDirectories{"/var/run/postgresql", "/tmp"};

Error connection_error(const std::string& where, const char* reason) {
  return {ErrorCode::environment, fmt::format("connection to {} failed with error \"{}\"", where, reason)};
}

Error lost() { return {ErrorCode::environment, "the server closed the connection"}; }

}  // namespace

IoClient::~IoClient() {
  if (descriptor_ < 0) return;
  static_cast<void>(send('X', {}));
  ::close(descriptor_);
}

Result<void> IoClient::connect(const std::string& host, std::uint16_t port) {
  if (host.starts_with('/')) return connect_unix(host, port);
  if (!host.empty()) return connect_tcp(host, port);
  Result<void> result;
  for (const char* directory : kSocketDirectories)
    if (result = connect_unix(directory, port); result) break;
  return result;
}

Result<void> IoClient::connect_unix(const std::string& directory, std::uint16_t port) {
  const std::string path = fmt::format("{}/.s.PGSQL.{}", directory, port);
  const std::string where = fmt::format("socket \"{}\"", path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return connection_error(where, std::strerror(ENAMETOOLONG));
  std::memcpy(address.sun_path, path.data(), path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    return connection_error(where, std::strerror(error));
  }
  descriptor_ = descriptor;
  return {};
}

Result<void> IoClient::connect_tcp(const std::string& host, std::uint16_t port) {
  const std::string where = fmt::format("host \"{}\"", host);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), fmt::to_string(port).c_str(), &hints, &found); error != 0)
    return connection_error(where, ::gai_strerror(error));
  int error = ENOENT;
  for (const addrinfo* info = found; info != nullptr && descriptor_ < 0; info = info->ai_next) {
    const int descriptor = ::socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, info->ai_addr, info->ai_addrlen) == 0) {
      descriptor_ = descriptor;
    } else {
      error = errno;
      if (descriptor >= 0) ::close(descriptor);
    }
  }
  ::freeaddrinfo(found);
  if (descriptor_ < 0) return connection_error(where, std::strerror(error));
  return {};
}

Result<ServerReply> IoClient::log_in(const std::string& user, const std::string& password) {
  if (const auto sent = send('M', {}); !sent) return sent.error();
  const auto salted = receive();
  if (!salted) return salted.error();
  ServerReply reply;
  if (salted->letter == 'E') {
    reply.error = parse_message(salted->payload);
    return reply;
  }
  Salt salt{};
  if (salted->letter != 'm' || salted->payload.size() != salt.size())
    return Error{ErrorCode::protocol_violation, "the server does not speak PCP"};
  std::copy_n(salted->payload.begin(), salt.size(), salt.begin());
  std::string payload;
  append_cstring(payload, user);
  append_cstring(payload, login_answer(md5_hex(password), user, salt));
  if (const auto sent = send('R', payload); !sent) return sent.error();
  const auto verdict = receive();
  if (!verdict) return verdict.error();
  if (verdict->letter == 'E') reply.error = parse_message(verdict->payload);
  if (verdict->letter != 'E' && verdict->letter != 'r')
    return Error{ErrorCode::protocol_violation, "the server does not speak PCP"};
  return reply;
}

Result<ServerReply> IoClient::ask(const Command& command, const Arguments& arguments) {
  if (const auto sent = send(command.letter, make_payload(command.arguments, arguments)); !sent) return sent.error();
  ReplyReader reader(command);
  for (;;) {
    const auto frame = receive();
    if (!frame) return frame.error();
    const auto is_complete = reader.take(*frame);
    if (!is_complete) return is_complete.error();
    if (*is_complete) return reader.reply();
  }
}

Result<void> IoClient::send(char letter, std::string_view payload) {
  std::string bytes;
  append_frame(bytes, letter, payload);
  const bool is_login = letter == 'M' || letter == 'R';  // Pgpool's tools do not trace these either
  if (is_traced_ && !is_login) fmt::print("DEBUG: send: tos=\"{}\", len={}\n", letter, payload.size() + 4);
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return lost();
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<Frame> IoClient::receive() {
  for (;;) {
    if (auto frame = reader_.next()) {
      if (is_traced_) fmt::print("DEBUG: recv: tos=\"{}\", len={}\n", frame->letter, frame->payload.size() + 4);
      return std::move(*frame);
    }
    if (reader_.bad_length()) return Error{ErrorCode::protocol_violation, "the server does not speak PCP"};
    std::array<char, 65536> buffer;
    const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return lost();
    reader_.feed(Bytes(buffer).first(static_cast<std::size_t>(size)));
  }
}

}  // namespace howdah::pcp
