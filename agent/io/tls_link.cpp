#include "agent/io/tls_link.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "agent/protocol.hpp"
#include "base/io/clock.hpp"
#include "base/io/openssl.hpp"

namespace howdah::agent {

namespace {

Error broken(std::string message, std::string detail = {}) {
  return {ErrorCode::command_failed, std::move(message), std::move(detail)};
}

Error unusable(std::string_view what, const std::string& file) {
  return {ErrorCode::configuration, fmt::format("the {} \"{}\" cannot be used", what, file), openssl_errors()};
}

Result<void> wait(int fd, short events, Instant deadline, int stop_fd) {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) return broken("no answer in time");
    std::array<pollfd, 2> fds{{{fd, events, 0}, {stop_fd, POLLIN, 0}}};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(std::min<long>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return broken("poll failed", std::strerror(errno));
    if (ready > 0 && fds[1].revents != 0) return broken("interrupted");
    if (ready > 0) return {};
  }
}

// A report may take an hour to come, and a gateway may say nothing for as long: that the other side has vanished is noticed
// in about four seconds all the same.
void watch_peer(int fd) {
  const int on = 1, idle = 2, interval = 1, count = 2, unacknowledged_ms = 4000;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<TlsContext> TlsContext::make(const TlsFiles& files, TlsSide side) {
  ERR_clear_error();
  TlsContext made;
  made.context_.reset(SSL_CTX_new(side == TlsSide::agent ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* context = made.context_.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  if (SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) != 1) return unusable("certificate", files.cert);
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return unusable("private key", files.key);
  if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1)
    return unusable("CA certificate", files.ca);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return made;
}

TlsLink::TlsLink(int fd, const TlsContext& context) : fd_(fd), ssl_(SSL_new(context.get())) {
  watch_peer(fd_);
  SSL_set_fd(ssl_.get(), fd_);
}

TlsLink::~TlsLink() { ::close(fd_); }

template <typename Call>
Result<int> TlsLink::repeat(Call call, const char* what, Instant deadline, int stop_fd) {
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int result = call();
    if (result > 0) return result;
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      std::string why = openssl_errors();
      if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
        why = X509_verify_cert_error_string(verdict);
      else if (why.empty()) why = errno != 0 ? std::strerror(errno) : "the other side closed the connection";
      return broken(fmt::format("{} failed", what), std::move(why));
    }
    const short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (auto ready = wait(fd_, events, deadline, stop_fd); !ready) return ready.error();
  }
}

Result<void> TlsLink::accept(Instant deadline, int stop_fd) {
  auto done = repeat([this] { return SSL_accept(ssl_.get()); }, "TLS handshake", deadline, stop_fd);
  return done ? Result<void>{} : done.error();
}

Result<void> TlsLink::connect(const std::string& host, Instant deadline, int stop_fd) {
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl_.get());
  const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str()) == 1;
  if (!is_address) {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    // An empty name would be taken for "any".
    if (host.empty() || SSL_set1_host(ssl_.get(), host.c_str()) != 1)
      return broken(fmt::format("\"{}\" is no name to look for in a certificate", host));
  }
  auto done = repeat([this] { return SSL_connect(ssl_.get()); }, "TLS handshake", deadline, stop_fd);
  return done ? Result<void>{} : done.error();
}

Result<std::string> TlsLink::read_line(Instant deadline, int stop_fd) {
  for (;;) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    if (received_.size() > kMaxLine) return broken("a line is too long");
    std::array<char, 4096> buffer;
    auto count = repeat([&] { return SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size())); }, "reading",
                        deadline, stop_fd);
    if (!count) return count.error();
    received_.append(buffer.data(), static_cast<std::size_t>(*count));
  }
}

// OpenSSL writes all or nothing here: partial writes are not enabled.
Result<void> TlsLink::write_line(std::string line, Instant deadline, int stop_fd) {
  line += '\n';
  auto count = repeat([&] { return SSL_write(ssl_.get(), line.data(), static_cast<int>(line.size())); }, "writing", deadline,
                      stop_fd);
  return count ? Result<void>{} : count.error();
}

std::string TlsLink::peer_name() const { return peer_common_name(ssl_.get()); }

}  // namespace howdah::agent
