#include "samoyed/web/server.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "web/server/server_fixture.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::count_of;
using test::get_root;

using test::ServerTest;

TEST_CASE_METHOD(ServerTest, "one connection carries many requests") {
  classifier.open_gate();
  start();
  const auto client = [this]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    for (int i = 0; i < 3; ++i) {
      co_await send(socket, get_root);
      const std::string page = co_await receive_until(socket, "</html>");
      CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    co_await send(socket, get_root + upload(3) + get_root);
    const std::string pages = co_await receive_until(socket, "</html>", 3);
    CHECK(count_of(pages, "93.009%") >= 1);
    CHECK(count_of(pages, "dog.jpg") == 1);
  };
  run_client(client());
  CHECK(classifier.file_bytes == std::vector<std::uint64_t>{3});
}

TEST_CASE_METHOD(ServerTest,
                 "every answer carries its request's id, either the client's or a new one") {
  start();
  run_client([](ServerTest& test) -> asio::awaitable<void> {
    auto socket = co_await test.connect();
    co_await send(socket,
                  "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-1\r\n\r\n"
                  "GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-2\r\n\r\n"
                  "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: not mine\r\n\r\n"
                  "BAD\r\n\r\n");
    const std::string answers = co_await receive_all(socket);
    CHECK(count_of(answers, "\r\nX-Request-Id: ") == 4);
    CHECK(count_of(answers, "\r\nX-Request-Id: mine-1\r\n") == 1);
    CHECK(count_of(answers, "\r\nX-Request-Id: mine-2\r\n") == 1);
    CHECK(count_of(answers, "not mine") == 0);
  }(*this));
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

TEST_CASE_METHOD(ServerTest, "an idle connection is closed without an answer") {
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
                 "stop closes idle connections, finishes the others and accepts no more") {
  start();
  bool idle_closed = false;
  bool answered = false;
  const auto idle = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, get_root);
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

TEST_CASE_METHOD(ServerTest, "a drain ends at its timeout and reports what is left") {
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
  const test::Wait wait("the drain to end, and then the connections");
  while (!ended) io.run_one();
  CHECK(server->connections() == 1);
  classifier.open_gate();
  io.run();
  CHECK(server->connections() == 0);
}

TEST_CASE_METHOD(ServerTest, "connections over the limit wait for their turn") {
  options.limits.connections_max = 1;
  options.limits.refused_connections_max = 0;
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

}  // namespace
}  // namespace samoyed::web
