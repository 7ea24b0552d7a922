// Real sockets, real tools: Debian's pcp_* (package pgpool2) and our own against the listener with a gateway made up.
#include "pcp/io/pcp_listener.hpp"

#include "tests/pcp/fake_surface.hpp"
#include "tests/pcp/io/tool_runner.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>

using namespace howdah;
using namespace howdah::pcp;

namespace {

// A folder of its own with a password file, removed at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "howdah_pcp_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    std::ofstream(path_ + "/pcppass") << "*:*:pcpuser:pcppw\n*:*:stranger:guess\n";
    ::chmod((path_ + "/pcppass").c_str(), 0600);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A listener with its loop on a thread, as the control side has it.
class Server {
 public:
  explicit Server(PcpListenerOptions options = {}) {
    options.addresses = {"127.0.0.1"};
    options.port = 0;
    options.socket_directories = {folder.path()};
    listener = std::make_unique<PcpListener>(
        loop, options, surface,
        [](std::string_view user) -> Result<std::vector<std::string>> {
          if (user != "pcpuser") return std::vector<std::string>{};
          return std::vector<std::string>{"5bb73123a0cfcdce93216df6a3703e32"};
        },
        log);
    REQUIRE(listener->open().has_value());
    thread = std::thread([this] { loop.run(); });
  }
  ~Server() {
    boost::asio::post(loop, [this] {
      listener.reset();
      guard.reset();
    });
    thread.join();
  }
  // Runs on the loop's thread, between its turns.
  template <typename Call>
  auto ask(Call call) {
    std::packaged_task<decltype(call())()> task(std::move(call));
    auto answer = task.get_future();
    boost::asio::post(loop, std::move(task));
    return answer.get();
  }
  std::vector<std::string> orders() {
    return ask([this] { return surface.orders; });
  }
  std::vector<std::string> words(std::vector<std::string> more, const std::string& user = "pcpuser") {
    std::vector<std::string> all{"-w", "-h", "127.0.0.1", "-p", std::to_string(listener->port()), "-U", user};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  Folder folder;
  FakeSurface surface;
  NullLog log;
  boost::asio::io_context loop;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{loop.get_executor()};
  std::unique_ptr<PcpListener> listener;
  std::thread thread;
};

// A raw client; every wait ends after some seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{10, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { ::close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    REQUIRE(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  // Up to `size` bytes, or until the server closes.
  std::string receive(std::size_t size) {
    std::string text;
    char buffer[512];
    while (text.size() < size) {
      const auto got = ::recv(descriptor_, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    return text;
  }
  // True if the server has closed; false if it is silent for the limit.
  bool is_closed_by_server() {
    char byte = 0;
    const auto got = ::recv(descriptor_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  int descriptor_;
};

}  // namespace

TEST_CASE("Debian's pcp tools and ours print the same for what is asked") {
  Server server;
  server.surface.set("pcp_compatibility", "4.3");
  server.surface.cluster.nodes[2].state = NodeState::down;
  server.surface.cluster.nodes[2].replication_state = "streaming";
  server.surface.gateway.workers[0].servers = {
      {.node = {1}, .user = "postgres", .database = "test", .pid = 7491, .opened_at = kStart, .uses = 2}};
  ToolRunner run(server.folder.path());
  const std::vector<std::pair<std::string, std::vector<std::string>>> rows{
      {"pcp_node_count", {}},
      {"pcp_node_count", {"-v"}},
      {"pcp_node_info", {}},
      {"pcp_node_info", {"-v"}},
      {"pcp_node_info", {"-n", "2"}},
      {"pcp_node_info", {"1"}},
      {"pcp_health_check_stats", {"1"}},
      {"pcp_health_check_stats", {"-v", "1"}},
      {"pcp_proc_count", {}},
      {"pcp_proc_count", {"-v"}},
      {"pcp_proc_info", {}},
      {"pcp_proc_info", {"-a"}},
      {"pcp_proc_info", {"-v"}},
      {"pcp_proc_info", {"-P", "6130"}},
      {"pcp_proc_info", {"-P", "6131"}},
      {"pcp_node_count", {"-d"}},
      {"pcp_pool_status", {}},
      {"pcp_pool_status", {"-v"}},
      {"pcp_attach_node", {"2"}},
      {"pcp_detach_node", {"1"}},
      {"pcp_detach_node", {"-g", "1"}},
      {"pcp_promote_node", {"-s", "1"}},
      {"pcp_reload_config", {}},
  };
  for (const auto& [tool, words] : rows) {
    CAPTURE(tool, words);
    const ToolResult theirs = run.installed(tool, server.words(words));
    const ToolResult ours = run.ours(tool, server.words(words));
    CHECK(theirs.exit_code == 0);
    CHECK(theirs.err == "");
    CHECK_FALSE(theirs.out.empty());
    CHECK(ours.exit_code == 0);
    CHECK(ours.err == "");
    CHECK(ours.out == theirs.out);
  }
  CHECK(server.orders() == std::vector<std::string>{"attach 2", "attach 2", "detach 1", "detach 1", "drain 1",
                                                    "drain 1", "promote 1", "promote 1", "reload", "reload"});
}

TEST_CASE("Debian's pcp tools read what the made-up gateway says") {
  Server server;
  server.surface.set("pcp_compatibility", "4.3");
  ToolRunner run(server.folder.path());
  CHECK(run.installed("pcp_node_count", server.words({})).out == "3\n");
  CHECK(run.installed("pcp_node_info", server.words({"0"})).out ==
        "127.0.0.1 15500 2 0.333333 up up primary primary 0 none none 2026-11-21 04:08:45\n");
  CHECK(run.installed("pcp_proc_count", server.words({})).out == "6130 6131 \n");
}

TEST_CASE("our tools read the records of 4.7 as well") {
  Server server;
  server.surface.set("delay_threshold_by_time", "1000");
  server.surface.cluster.nodes[1].lag_time = 65855us;
  server.surface.gateway.workers[0].servers = {{.node = {1}, .user = "postgres", .database = "test"}};
  ToolRunner run(server.folder.path());
  CHECK(run.ours("pcp_node_info", server.words({"1"})).out ==
        "127.0.0.1 15501 2 0.333333 up up standby standby 0.065855 none none 2026-11-21 04:08:45\n");
  CHECK(run.ours("pcp_proc_info", server.words({"-v"})).out.find("statement") != std::string::npos);
}

TEST_CASE("our tools exit with 1 when the server says ERROR, and print it as Pgpool's do") {
  Server server;
  ToolRunner run(server.folder.path());
  const ToolResult theirs = run.installed("pcp_promote_node", server.words({"1"}));
  const ToolResult ours = run.ours("pcp_promote_node", server.words({"1"}));
  CHECK(theirs.err.starts_with("ERROR:  could not process promote request\n"));
  CHECK(ours.err == theirs.err);
  CHECK(ours.err.find("--switchover") != std::string::npos);
  CHECK(ours.exit_code == 1);
  CHECK(server.orders().empty());
}

TEST_CASE("a wrong password is told alike") {
  Server server;
  ToolRunner run(server.folder.path());
  const ToolResult theirs = run.installed("pcp_node_count", server.words({}, "stranger"));
  const ToolResult ours = run.ours("pcp_node_count", server.words({}, "stranger"));
  CHECK(ours.err.find("FATAL:  authentication failed for user \"stranger\"\n"
                      "DETAIL:  username and/or password does not match\n") != std::string::npos);
  CHECK(theirs.err.find("authentication failed for user \"stranger\"") != std::string::npos);
  CHECK(ours.exit_code == 1);
  CHECK(theirs.exit_code == 1);
}

TEST_CASE("the Unix socket serves, too, and is removed at the end") {
  std::string path;
  {
    Server server;
    const std::string port = std::to_string(server.listener->port());
    path = server.folder.path() + "/.s.PGSQL." + port;
    ToolRunner run(server.folder.path());
    const std::vector<std::string> words{"-w", "-h", server.folder.path(), "-p", port, "-U", "pcpuser"};
    CHECK(run.installed("pcp_node_count", words).out == "3\n");
    CHECK(run.ours("pcp_node_count", words).out == "3\n");
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a port or socket in use is refused with its name; a socket left by a crash is taken over") {
  Server first;
  NullLog log;
  FakeSurface surface;
  boost::asio::io_context loop;
  const auto nobody = [](std::string_view) -> Result<std::vector<std::string>> { return std::vector<std::string>{}; };
  PcpListenerOptions options{.addresses = {"127.0.0.1"}, .port = first.listener->port()};
  PcpListener same_port(loop, options, surface, nobody, log);
  const auto refused = same_port.open();
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("127.0.0.1 port " + std::to_string(first.listener->port())) != std::string::npos);

  options.addresses = {};
  options.socket_directories = {first.folder.path()};
  PcpListener same_socket(loop, options, surface, nobody, log);
  CHECK(same_socket.open().has_error());

  Folder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string stale = folder.path() + "/.s.PGSQL." + std::to_string(first.listener->port());
  stale.copy(address.sun_path, sizeof address.sun_path - 1);
  const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(left);
  options.socket_directories = {folder.path()};
  PcpListener after_crash(loop, options, surface, nobody, log);
  CHECK(after_crash.open().has_value());
}

TEST_CASE("hostile bytes end their own connection and no other") {
  Server server;
  RawClient bystander(server.listener->port());
  bystander.send(std::string_view("M\0\0\0\4", 5));
  CHECK(bystander.receive(9).size() == 9);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(64, '\0'), std::string(64, '\xff'),
        std::string("L\0\0\0\4", 5), std::string("M\0\0\1\4", 5) + std::string(600, 'x')}) {
    RawClient hostile(server.listener->port());
    hostile.send(bytes);
    CHECK(hostile.receive(100000).substr(0, 1) == "E");
  }
  bystander.send(std::string_view("M\0\0\0\4", 5));
  CHECK(bystander.receive(9).size() == 9);
}

TEST_CASE("who does not log in in time is disconnected") {
  Server server({.login_time = 50ms});
  RawClient silent(server.listener->port());
  CHECK(silent.is_closed_by_server());
}

TEST_CASE("strangers cannot lock an operator out: the oldest of them gives way") {
  Server server({.max_connections = 2});
  RawClient first(server.listener->port());
  RawClient second(server.listener->port());
  ToolRunner run(server.folder.path());
  CHECK(run.ours("pcp_node_count", server.words({})).out == "3\n");
  CHECK(first.is_closed_by_server());
}

TEST_CASE("an answer that comes after its connection has gone is dropped") {
  Server server;
  server.surface.answers_later = true;
  {
    RawClient client(server.listener->port());
    client.send(std::string_view("M\0\0\0\4", 5));
    const std::string salted = client.receive(9);
    REQUIRE(salted.size() == 9);
    Salt salt{};
    std::copy_n(salted.begin() + 5, 4, salt.begin());
    std::string bytes;
    append_texts(bytes, 'R', {"pcpuser", login_answer(md5_hex("pcppw"), "pcpuser", salt)});
    append_frame(bytes, 'C', std::string_view("1\0", 2));
    client.send(bytes);
    CHECK(client.receive(22).size() == 22);
    while (server.orders().empty()) std::this_thread::yield();
  }
  server.ask([&] {
    server.listener.reset();
    return 0;
  });
  server.ask([&] {
    for (auto& answer : server.surface.open) answer(Result<void>());
    return 0;
  });
  CHECK(server.orders() == std::vector<std::string>{"attach 1"});
}
