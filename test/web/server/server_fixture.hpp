#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
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

#include "samoyed/web/server.hpp"
#include "support/wait.hpp"
#include "web/http/http_driver.hpp"

namespace samoyed::test {

inline const std::string get_root = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Answers once its gate is open.
class GatedClassifier final : public dispatcher::Classifier {
 public:
  explicit GatedClassifier(asio::io_context& io) : gate_(io) { close_gate(); }

  asio::awaitable<dispatcher::Outcome> classify(dispatcher::ClassifyRequest request) override {
    CHECK(!request.top);
    file_bytes.push_back(request.image->file_bytes());
    deadlines.push_back(request.deadline);
    if (request.cancelled.is_connected()) {
      request.cancelled.assign([this](asio::cancellation_type) {
        ++cancelled;
        gate_.cancel();
      });
    }
    if (on_image) on_image();
    if (failure) throw std::runtime_error(*failure);
    std::error_code opened;
    co_await gate_.async_wait(asio::redirect_error(asio::use_awaitable, opened));
    if (request.cancelled.is_connected()) request.cancelled.clear();
    if (request.image->file_bytes() == refused_bytes) {
      co_return dispatcher::Failure{dispatcher::FailureReason::all_busy, {}};
    }
    dispatcher::Answer answer;
    answer.recognition.top = {{"Samoyed", 258, 0.93009}};
    answer.worker = {"localhost", 8888};
    co_return answer;
  }

  void open_gate() { gate_.expires_at(std::chrono::steady_clock::time_point::min()); }
  void close_gate() { gate_.expires_at(std::chrono::steady_clock::time_point::max()); }

  std::vector<std::uint64_t> file_bytes;
  std::vector<std::chrono::steady_clock::time_point> deadlines;
  int cancelled = 0;
  std::uint64_t refused_bytes = 0;     ///< Images of that size fail with `all_busy`.
  std::optional<std::string> failure;  ///< Thrown instead of an answer.
  std::function<void()> on_image;

 private:
  asio::steady_timer gate_;
};

/// A server on a free port, with clients on the same thread.
struct ServerTest {
  ServerTest() {
    options.timeouts.drain = std::chrono::seconds(30);
    options.timeouts.linger = std::chrono::seconds(2);
    options.access.allowed_hosts = {"x"};
  }

  void start() {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    endpoint = acceptor.local_endpoint();
    const web::ServerParts parts{
        .classifier = classifier, .workers = workers, .history = history, .jobs = jobs};
    server.emplace(io.get_executor(), std::move(acceptor), parts, options);
    asio::co_spawn(io, server->run(), [this](std::exception_ptr failure) {
      CHECK(!failure);
      ended = true;
    });
  }

  /// Runs until the server and all clients have ended. A client's exception fails the test.
  void run_clients(std::vector<asio::awaitable<void>> clients) {
    std::size_t left = clients.size();
    for (auto& client : clients) {
      asio::co_spawn(io, std::move(client), [&](std::exception_ptr failure) {
        CHECK(!failure);
        if (--left == 0) server->stop();
      });
    }
    const Wait wait("all clients and the server to end");
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

  asio::awaitable<asio::ip::tcp::socket> connect() {
    asio::ip::tcp::socket socket(io);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    co_return socket;
  }

  static asio::awaitable<void> send(asio::ip::tcp::socket& socket, const std::string& bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
  }

  static asio::awaitable<std::string> receive_some(asio::ip::tcp::socket& socket) {
    std::array<char, 4096> piece;
    const std::size_t size =
        co_await socket.async_read_some(asio::buffer(piece), asio::use_awaitable);
    co_return std::string(piece.data(), size);
  }

  /// Lets everything else that is ready run first.
  asio::awaitable<void> next_turn() {
    asio::steady_timer timer(io, std::chrono::milliseconds(1));
    co_await timer.async_wait(asio::use_awaitable);
  }

  /// Lets the server run until the condition holds. `what` names the condition.
  asio::awaitable<void> wait_until(std::function<bool()> condition, std::string what) {
    const Wait wait(what);
    while (!condition()) co_await next_turn();
  }
  asio::awaitable<void> wait_for_image() {
    return wait_until([this] { return !classifier.file_bytes.empty(); }, "an image to arrive");
  }
  asio::awaitable<void> wait_for_no_connection() {
    return wait_until([this] { return server->connections() == 0; }, "all connections to end");
  }

  /// Receives until `text` has arrived `times` times.
  static asio::awaitable<std::string> receive_until(asio::ip::tcp::socket& socket,
                                                    std::string_view text, std::size_t times = 1) {
    const Wait wait("the server to send '" + printable(text) + "'");
    std::string received;
    std::array<char, 4096> piece;
    while (count_of(received, text) < times) {
      const std::size_t size =
          co_await socket.async_read_some(asio::buffer(piece), asio::use_awaitable);
      received.append(piece.data(), size);
    }
    co_return received;
  }

  /// Receives until the server closes the connection. Fails if it resets the connection.
  static asio::awaitable<std::string> receive_all(asio::ip::tcp::socket& socket) {
    const Wait wait("the server to end a connection");
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

  static std::string upload(std::size_t bytes, const std::string& fields = {}) {
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"dog.jpg\"\r\n\r\n" +
        std::string(bytes, 'a') + "\r\n--b--\r\n";
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n" +
           fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  asio::io_context io{1};
  GatedClassifier classifier{io};
  dispatcher::WorkerList workers;
  dispatcher::History* history = nullptr;
  dispatcher::Jobs* jobs = nullptr;
  web::ServerOptions options;
  asio::ip::tcp::endpoint endpoint;
  std::optional<web::Server> server;
  bool ended = false;
};

}  // namespace samoyed::test
