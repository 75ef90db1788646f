#include "samoyed/web/server.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "web/http_connection.hpp"
#include "web/http_driver.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::count_of;

/// Answers when it is allowed to.
class GatedClassifier final : public dispatcher::Classifier {
 public:
  explicit GatedClassifier(asio::io_context& io) : gate_(io) { close_gate(); }

  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest request) override {
    CHECK(!request.top);
    file_bytes.push_back(request.image->file_bytes());
    if (on_image) on_image();
    std::error_code opened;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, opened));
    dispatcher::Answer answer;
    answer.recognition.top = {{"Samoyed", 258, 0.93009}};
    answer.worker = {"localhost", 8888};
    co_return answer;
  }

  void open_gate() { gate_.expires_at(std::chrono::steady_clock::time_point::min()); }
  void close_gate() { gate_.expires_at(std::chrono::steady_clock::time_point::max()); }

  std::vector<std::uint64_t> file_bytes;
  std::function<void()> on_image;

 private:
  asio::steady_timer gate_;
};

/// A server on a free port, and clients on the same thread.
struct ServerTest {
  ServerTest() {
    options.timeouts.drain = 30s;
    options.timeouts.linger = 2s;
  }

  void start() {
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    endpoint = acceptor.local_endpoint();
    server.emplace(io.get_executor(), std::move(acceptor), classifier, workers, options);
    asio::co_spawn(io, server->run(), [this](std::exception_ptr failure) {
      CHECK(!failure);
      ended = true;
    });
  }

  /// Runs until the server and all clients have ended; a client's exception fails the test.
  void run_clients(std::vector<asio::awaitable<void>> clients) {
    std::size_t left = clients.size();
    for (auto& client : clients) {
      asio::co_spawn(io, std::move(client), [&](std::exception_ptr failure) {
        CHECK(!failure);
        if (--left == 0) server->stop();
      });
    }
    io.run();
    CHECK(left == 0);
    CHECK(ended);
    CHECK(server->connections() == 0);
  }

  void run_client(asio::awaitable<void> client) {
    std::vector<asio::awaitable<void>> clients;
    clients.push_back(std::move(client));
    run_clients(std::move(clients));
  }

  asio::awaitable<tcp::socket> connect() {
    tcp::socket socket(io);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    co_return socket;
  }

  static asio::awaitable<void> send(tcp::socket& socket, const std::string& bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
  }

  /// Until `text` has come `times` times.
  static asio::awaitable<std::string> receive_until(tcp::socket& socket, std::string_view text,
                                                    std::size_t times = 1) {
    std::string received;
    std::array<char, 4096> piece;
    while (count_of(received, text) < times) {
      const std::size_t size =
          co_await socket.async_read_some(asio::buffer(piece), asio::use_awaitable);
      received.append(piece.data(), size);
    }
    co_return received;
  }

  /// Until the server closes; fails where it resets.
  static asio::awaitable<std::string> receive_all(tcp::socket& socket) {
    std::string received;
    std::array<char, 4096> piece;
    std::error_code error;
    while (!error) {
      const std::size_t size = co_await socket.async_read_some(
          asio::buffer(piece), asio::redirect_error(asio::use_awaitable, error));
      received.append(piece.data(), size);
    }
    CHECK(error == asio::error::eof);
    co_return received;
  }

  static std::string upload(std::size_t bytes) {
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dog.jpg\"\r\n\r\n" +
        std::string(bytes, 'a') + "\r\n--b--\r\n";
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  asio::io_context io{1};
  GatedClassifier classifier{io};
  dispatcher::WorkerList workers;
  ServerOptions options;
  tcp::endpoint endpoint;
  std::optional<Server> server;
  bool ended = false;
};

const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_CASE_METHOD(ServerTest, "one connection carries many requests") {
  classifier.open_gate();
  start();
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    for (int i = 0; i < 3; ++i) {
      co_await send(socket, get);
      const std::string page = co_await receive_until(socket, "</html>");
      CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    co_await send(socket, get + upload(3) + get);
    const std::string pages = co_await receive_until(socket, "</html>", 3);
    CHECK(count_of(pages, "93.009%") >= 1);
    CHECK(count_of(pages, "dog.jpg") == 1);
  };
  run_client(client());
  CHECK(classifier.file_bytes == std::vector<std::uint64_t>{3});
}

TEST_CASE_METHOD(ServerTest, "a client that is slow with its header gets 408") {
  options.timeouts.header = 50ms;
  start();
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, "GET / HT");
    const std::string page = co_await receive_until(socket, "</html>");
    CHECK(page.starts_with("HTTP/1.1 408 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "an idle client is closed without a word") {
  options.timeouts.idle = 50ms;
  start();
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    const std::string nothing = co_await receive_all(socket);
    CHECK(nothing.empty());
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "413 reaches a client that sends its whole upload first") {
  options.limits.image_bytes_max = 1 << 20;
  start();
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(20 << 20));
    socket.shutdown(tcp::socket::shutdown_send);
    const std::string page = co_await receive_all(socket);
    CHECK(page.starts_with("HTTP/1.1 413 "));
    CHECK(page.ends_with("</html>\n"));
  };
  run_client(client());
  CHECK(classifier.file_bytes.empty());
}

TEST_CASE_METHOD(ServerTest,
                 "stop closes what is idle, finishes what is not, and accepts no more") {
  start();
  bool idle_closed = false;
  bool answered = false;
  const auto idle = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, get);
    co_await receive_until(socket, "</html>");
    co_await receive_all(socket);
    idle_closed = true;
    CHECK(!answered);
    std::error_code error;
    tcp::socket late(io);
    co_await late.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    CHECK(error == asio::error::connection_refused);
    classifier.open_gate();
  };
  const auto busy = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    classifier.on_image = [&] { server->stop(); };
    co_await send(socket, upload(3));
    const std::string page = co_await receive_all(socket);
    CHECK(page.starts_with("HTTP/1.1 200 "));
    CHECK(count_of(page, "Connection: close\r\n") == 1);
    answered = true;
  };
  std::vector<asio::awaitable<void>> clients;
  clients.push_back(idle());
  clients.push_back(busy());
  run_clients(std::move(clients));
  CHECK(idle_closed);
  CHECK(answered);
}

TEST_CASE_METHOD(ServerTest, "a drain ends after its time, and tells what it left") {
  options.timeouts.drain = 50ms;
  start();
  tcp::socket stuck(io);
  tcp::socket halfway(io);
  const auto clients = [&]() -> asio::awaitable<void> {
    halfway = co_await connect();
    co_await send(halfway, "GET / HT");
    stuck = co_await connect();
    classifier.on_image = [&] { server->stop(); };
    co_await send(stuck, upload(3));
  };
  asio::co_spawn(io, clients(), [](std::exception_ptr failure) { CHECK(!failure); });
  while (!ended) io.run_one();
  CHECK(server->connections() == 1);
  classifier.open_gate();
  io.run();
  CHECK(server->connections() == 0);
}

TEST_CASE_METHOD(ServerTest, "connections over the limit wait for their turn") {
  options.limits.connections_max = 1;
  start();
  std::vector<asio::awaitable<void>> clients;
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string page = co_await receive_all(socket);
    CHECK(page.starts_with("HTTP/1.1 200 "));
    CHECK(server->connections() <= 1);
  };
  for (int i = 0; i < 5; ++i) clients.push_back(client());
  run_clients(std::move(clients));
}

TEST_CASE("a client's text can't break a line of the log") {
  CHECK(log_text("/add/a:1?b=%20") == "/add/a:1?b=%20");
  CHECK(log_text("a b\n\x1B[1m\\\xFF") == "a\\x20b\\x0A\\x1B[1m\\x5C\\xFF");
  CHECK(log_text("") == "-");
  CHECK(log_text(std::string(5000, 'a')) == std::string(200, 'a') + "...");
}

}  // namespace
}  // namespace samoyed::web
