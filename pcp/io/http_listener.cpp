#include "pcp/io/http_listener.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <utility>

namespace howdah::pcp {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t kLargestHead = 8192;

}  // namespace

class HttpListener::Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Stream = beast::basic_stream<boost::asio::generic::stream_protocol>;

  Connection(Stream::socket_type socket, HttpListener& owner) : stream_(std::move(socket)), owner_(&owner) {}

  void read(Duration limit) {
    parser_.emplace();
    parser_->header_limit(kLargestHead);
    parser_->body_limit(0);
    stream_.expires_after(limit);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failed, std::size_t) { self->on_read(failed); });
  }

  void end() {
    owner_ = nullptr;
    stream_.close();
  }

 private:
  void on_read(error_code failed) {
    if (owner_ == nullptr) return;
    const bool is_hostile = failed.category() == http::make_error_code(http::error::bad_method).category() &&
                            failed != http::error::end_of_stream && failed != http::error::partial_message;
    if (failed && !is_hostile) return leave();
    const auto& request = parser_->get();
    is_kept_ = !failed && request.keep_alive();
    is_head_ = request.method() == http::verb::head;
    if (failed) return write({.status = 400, .body = "this is no request\n"});
    if (!is_head_ && request.method() != http::verb::get) return write({.status = 405, .body = "only GET and HEAD\n"});
    const std::string target(request.target());
    owner_->answerer_(target.substr(0, target.find('?')), [self = shared_from_this()](HttpAnswer answer) { self->write(std::move(answer)); });
  }

  void write(HttpAnswer answer) {
    if (owner_ == nullptr) return;
    response_ = {};
    response_.version(11);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.keep_alive(is_kept_);
    response_.content_length(answer.body.size());
    if (!is_head_) response_.body() = std::move(answer.body);
    stream_.expires_after(owner_->options_.request_time);
    serializer_.emplace(response_);
    if (is_head_) serializer_->split(true);
    const auto written = [self = shared_from_this()](error_code failed, std::size_t) { self->on_written(failed); };
    is_head_ ? http::async_write_header(stream_, *serializer_, written) : http::async_write(stream_, *serializer_, written);
  }

  void on_written(error_code failed) {
    if (owner_ == nullptr) return;
    if (failed || !is_kept_) return leave();
    read(owner_->options_.idle_time);
  }

  void leave() {
    error_code ignored;
    stream_.socket().shutdown(Stream::socket_type::shutdown_both, ignored);
    std::exchange(owner_, nullptr)->connections_.erase(shared_from_this());
    stream_.close();
  }

  Stream stream_;
  HttpListener* owner_;  // null: it is over
  beast::flat_buffer buffer_{kLargestHead};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool is_kept_ = false;
  bool is_head_ = false;
};

HttpListener::HttpListener(boost::asio::io_context& loop, HttpListenerOptions options, Answerer answerer, Log& log)
    : loop_(loop),
      options_(std::move(options)),
      answerer_(std::move(answerer)),
      log_(log),
      acceptor_(loop, "HTTP", [this](UniqueFd client) { admit(std::move(client)); }, log) {}

HttpListener::~HttpListener() {
  acceptor_.close();
  for (const auto& connection : std::exchange(connections_, {})) connection->end();
}

Result<void> HttpListener::open() {
  return acceptor_.open({.addresses = options_.addresses, .port = options_.port, .backlog = static_cast<int>(options_.max_connections)});
}

void HttpListener::admit(UniqueFd client) {
  if (connections_.size() >= options_.max_connections) {
    log_.warn("http connection refused peer={} reason=too_many", peer_of(client.value()));
    return;
  }
  const auto connection = std::make_shared<Connection>(as_asio_socket(loop_, std::move(client)), *this);
  connections_.insert(connection);
  connection->read(options_.request_time);
}

}  // namespace howdah::pcp
