#include "failover/io/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>

#include "conf/aes.hpp"

namespace howdah::failover {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using asio::ip::tcp;

namespace {

constexpr std::size_t kLargestBody = 4 * 1024 * 1024;  // of a peer that may be anybody

std::string basic_authorization(const HttpOptions& options) {
  if (options.user.empty()) return {};
  return "Basic " + conf::encode_base64(options.user + ":" + options.password);
}

http::request<http::string_body> to_message(const HttpRequest& request, const ServiceUrl& url, const std::string& authorization) {
  http::request<http::string_body> message{request.body.empty() ? http::verb::get : http::verb::post, request.target, 11};
  message.set(http::field::host, fmt::format("{}:{}", url.host, url.port));
  message.set(http::field::user_agent, "howdah");
  const std::string& allowed = request.authorization.empty() ? authorization : request.authorization;
  if (!allowed.empty()) message.set(http::field::authorization, allowed);
  if (!request.body.empty()) message.set(http::field::content_type, "application/json");
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

}  // namespace

struct HttpClient::State {
  using TlsStream = beast::ssl_stream<beast::tcp_stream>;

  explicit State(HttpOptions given) : options(std::move(given)), authorization(basic_authorization(options)) {
    error_code ignored;
    if (options.ca_file.empty()) tls.set_default_verify_paths(ignored);
    else tls.load_verify_file(options.ca_file, tls_trouble);
    tls.set_verify_mode(asio::ssl::verify_peer);
  }

  // Starts one operation and runs it to its end. After stop() nothing runs any more, so that the end cannot come later.
  template <typename Start>
  error_code await(Start start) {
    error_code result = asio::error::operation_aborted;
    io.restart();
    if (is_stopping) return result;
    start([&result](const error_code& failed, auto&&...) { result = failed; });
    io.run();
    return result;
  }

  Result<HttpAnswer> ask_one(const HttpRequest& request, const ServiceUrl& url, Duration limit, bool& was_sent);
  error_code open(const ServiceUrl& url, Duration limit);
  error_code find(const ServiceUrl& url, std::vector<tcp::endpoint>& endpoints);
  template <typename Stream>
  error_code exchange(Stream& stream, const http::request<http::string_body>& message, HttpAnswer& answer);
  beast::tcp_stream& lowest() { return tls_stream ? beast::get_lowest_layer(*tls_stream) : *plain; }
  bool is_open() const { return plain || tls_stream; }
  void close() { plain.reset(), tls_stream.reset(), buffer.clear(); }

  HttpOptions options;
  std::string authorization;
  asio::io_context io{1};
  std::atomic<bool> is_stopping = false;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  error_code tls_trouble;
  std::size_t current = 0;  // index of the address the connection is to
  std::optional<beast::tcp_stream> plain;
  std::optional<TlsStream> tls_stream;
  beast::flat_buffer buffer;
};

error_code HttpClient::State::find(const ServiceUrl& url, std::vector<tcp::endpoint>& endpoints) {
  error_code not_literal;
  const auto address = asio::ip::make_address(url.host, not_literal);
  if (!not_literal) {
    endpoints.emplace_back(address, url.port);
    return {};
  }
  tcp::resolver resolver(io);
  return await([&](auto then) {
    resolver.async_resolve(url.host, std::to_string(url.port),
                           [&endpoints, then](const error_code& failed, const tcp::resolver::results_type& found) {
                             for (const auto& entry : found) endpoints.push_back(entry.endpoint());
                             then(failed);
                           });
  });
}

error_code HttpClient::State::open(const ServiceUrl& url, Duration limit) {
  if (url.has_tls && tls_trouble) return tls_trouble;
  std::vector<tcp::endpoint> endpoints;
  if (const auto failed = find(url, endpoints)) return failed;
  if (url.has_tls) tls_stream.emplace(io, tls);
  else plain.emplace(io);
  lowest().expires_after(limit);
  if (const auto failed = await([&](auto then) { lowest().async_connect(endpoints, then); })) return failed;
  error_code ignored;
  lowest().socket().set_option(tcp::no_delay(true), ignored);
  if (!url.has_tls) return {};
  SSL_set_tlsext_host_name(tls_stream->native_handle(), url.host.c_str());
  tls_stream->set_verify_callback(asio::ssl::host_name_verification(url.host));
  return await([&](auto then) { tls_stream->async_handshake(asio::ssl::stream_base::client, then); });
}

template <typename Stream>
error_code HttpClient::State::exchange(Stream& stream, const http::request<http::string_body>& message, HttpAnswer& answer) {
  if (const auto failed = await([&](auto then) { http::async_write(stream, message, then); })) return failed;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLargestBody);
  if (const auto failed = await([&](auto then) { http::async_read(stream, buffer, parser, then); })) return failed;
  const bool is_kept = parser.get().keep_alive();
  answer = {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
  if (!is_kept) close();
  return {};
}

// A kept connection may have been closed at the other end meanwhile: then a new one is made, once.
Result<HttpAnswer> HttpClient::State::ask_one(const HttpRequest& request, const ServiceUrl& url, Duration limit, bool& was_sent) {
  const auto message = to_message(request, url, authorization);
  if (!request.is_repeatable) close();
  for (;;) {
    const bool was_open = is_open();
    error_code failed = was_open ? error_code{} : open(url, limit);
    HttpAnswer answer;
    if (!failed) {
      was_sent = true;
      lowest().expires_after(limit);
      failed = tls_stream ? exchange(*tls_stream, message, answer) : exchange(*plain, message, answer);
    }
    if (!failed) return answer;
    close();
    if (was_open && failed != beast::error::timeout && !is_stopping) continue;
    return Error{ErrorCode::environment, fmt::format("{}: {}", to_text(url), failed.message())};
  }
}

HttpClient::HttpClient(HttpOptions options) : state_(std::make_unique<State>(std::move(options))) {}
HttpClient::~HttpClient() { state_->close(); }

Result<HttpAnswer> HttpClient::ask(const HttpRequest& request, Duration per_address) {
  Error last{ErrorCode::configuration, "there is no address to ask"};
  const std::size_t count = state_->options.urls.size();
  for (std::size_t tried = 0; tried < count && !state_->is_stopping; ++tried) {
    const ServiceUrl& url = state_->options.urls[state_->current];
    bool was_sent = false;
    auto answer = state_->ask_one(request, url, per_address, was_sent);
    if (answer && (answer->status < 500 || !request.is_repeatable)) return answer;
    if (was_sent && !request.is_repeatable) return answer;
    last = answer ? Error{ErrorCode::environment, fmt::format("{}: status {}", to_text(url), answer->status), answer->body}
                  : answer.error();
    state_->close();
    state_->current = (state_->current + 1) % count;
  }
  return last;
}

void HttpClient::prefer(const ServiceUrl& url) {
  const auto& urls = state_->options.urls;
  const auto found = std::find(urls.begin(), urls.end(), url);
  if (found == urls.end() || *found == current()) return;
  state_->close();
  state_->current = static_cast<std::size_t>(found - urls.begin());
}

const ServiceUrl& HttpClient::current() const { return state_->options.urls[state_->current]; }

void HttpClient::stop() {
  state_->is_stopping = true;
  state_->io.stop();
}

}  // namespace howdah::failover
