#include <memory>
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

struct OverloadTest : ServerTest {
  /// Sends `bytes` on a new connection and returns the first page that the server answers with.
  asio::awaitable<std::string> ask(std::string bytes) {
    tcp::socket socket = co_await connect();
    co_await send(socket, bytes);
    std::string page = co_await receive_until(socket, "</html>");
    co_return page;
  }

  static void check_refused(const std::string& page, int status, const std::string& reason) {
    INFO(page.substr(0, 400));
    CHECK(page.starts_with("HTTP/1.1 " + std::to_string(status) + " "));
    CHECK(count_of(page, "Samoyed-Reason: " + reason + "\r\n") == 1);
    CHECK(count_of(page, "Retry-After: 2\r\n") == 1);
  }
};

/// Returns the head of an upload and the beginning of its body. The rest is never sent.
std::string begun_upload(std::size_t announced, std::size_t sent) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
         "Content-Length: " +
         std::to_string(announced) + "\r\n\r\n" + std::string(sent, 'a');
}

TEST_CASE_METHOD(OverloadTest, "uploads over the limit are rejected, and other requests are not") {
  struct Case {
    std::size_t requests_max;
    std::size_t per_client_max;
    int status;
    std::string reason;
  };
  const auto one = GENERATE(values<Case>({{1, 9, 503, "overloaded"}, {9, 1, 429, "client_limit"}}));
  options.limits.requests_max = one.requests_max;
  options.limits.requests_per_client_max = one.per_client_max;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    // Uploads that have only begun take no slot, however many there are.
    std::vector<tcp::socket> begun;
    for (int i = 0; i < 9; ++i) {
      begun.push_back(co_await connect());
      co_await send(begun.back(), begun_upload(9000, 1));
    }
    tcp::socket first = co_await connect();
    co_await send(first, upload(3));
    co_await wait_for_image();
    const std::string refused = co_await ask(upload(3));
    check_refused(refused, one.status, one.reason);
    const std::string form = co_await ask(get_root);
    CHECK(form.starts_with("HTTP/1.1 200 "));
    first.close();
    classifier.open_gate();
    // The place is free once the server has noticed that the first client has left.
    std::string page;
    while (!page.starts_with("HTTP/1.1 200 ")) page = co_await ask(upload(3));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "an upload that arrives when all slots are taken is rejected") {
  options.limits.requests_max = 1;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    const std::string bytes = upload(3);
    tcp::socket late = co_await connect();
    co_await send(late, bytes.substr(0, bytes.size() - 1));
    for (int i = 0; i < 10; ++i) co_await next_turn();
    tcp::socket first = co_await connect();
    co_await send(first, bytes);
    co_await wait_for_image();
    co_await send(late, bytes.substr(bytes.size() - 1));
    const std::string refused = co_await receive_until(late, "</html>");
    check_refused(refused, 503, "overloaded");
    classifier.open_gate();
    const std::string page = co_await receive_until(first, "</html>");
    CHECK(page.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "connections that wait for their client make room, longest first") {
  options.limits.connections_max = 4;
  classifier.open_gate();
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    // Idle before the first request, within a header, within a body, and after a request.
    std::vector<tcp::socket> idle;
    for (const std::string& bytes :
         {std::string(), get_root.substr(0, 5), begun_upload(9000, 1), get_root}) {
      idle.push_back(co_await connect());
      co_await send(idle.back(), bytes);
      for (int i = 0; i < 5; ++i) co_await next_turn();
    }
    co_await receive_until(idle.back(), "</html>");
    std::vector<tcp::socket> later;
    for (tcp::socket& longest : idle) {
      later.push_back(co_await connect());
      co_await send(later.back(), get_root);
      const std::string page = co_await receive_until(later.back(), "</html>");
      CHECK(page.starts_with("HTTP/1.1 200 "));
      std::error_code error;
      char byte;
      co_await longest.async_read_some(asio::buffer(&byte, 1),
                                       asio::redirect_error(asio::use_awaitable, error));
      CHECK(error);
    }
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "clients take turns, however many connections one of them has") {
  constexpr std::size_t connections = 300;
  options.limits.requests_per_client_max = connections;
  start();
  const auto image = [](std::size_t bytes) {
    return "POST /api/v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n"
           "Content-Length: " +
           std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'a');
  };
  const auto client = [&]() -> asio::awaitable<void> {
    std::string many;
    for (int i = 0; i < 50; ++i) many += image(3);
    std::vector<tcp::socket> greedy;
    for (std::size_t i = 0; i < connections; ++i) {
      greedy.push_back(co_await connect());
      co_await send(greedy.back(), many);
    }
    co_await wait_until([&] { return classifier.file_bytes.size() == connections; },
                        "an image of each connection");
    classifier.open_gate();
    tcp::socket stranger(io, {asio::ip::make_address("127.0.0.2"), 0});
    co_await stranger.async_connect(endpoint, asio::use_awaitable);
    co_await send(stranger, image(7));
    const std::string answer = co_await receive_until(stranger, "Samoyed");
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    // Without turns, each step of the stranger's request waits for all connections.
    CHECK(classifier.file_bytes.size() < 2 * connections);
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "a small rejected upload keeps the connection") {
  options.limits.requests_max = 0;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    for (int i = 0; i < 3; ++i) {
      co_await send(socket, upload(3));
      const std::string page = co_await receive_until(socket, "</html>");
      check_refused(page, 503, "overloaded");
      CHECK(count_of(page, "Connection: close") == 0);
    }
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "uploads over the byte limit are rejected as they arrive") {
  options.limits.request_bytes_max = 300'000;
  options.limits.image_bytes_max = 1 << 20;
  classifier.open_gate();
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    // Many clients that announce a lot and send little starve nobody.
    std::vector<tcp::socket> stalled;
    for (int i = 0; i < 20; ++i) {
      stalled.push_back(co_await connect());
      co_await send(stalled.back(), begun_upload(1'000'000, 10));
    }
    const std::string fine = co_await ask(upload(100'000));
    CHECK(fine.starts_with("HTTP/1.1 200 "));
    const std::string refused = co_await ask(upload(400'000));
    check_refused(refused, 503, "overloaded");
    CHECK(count_of(refused, "Connection: close\r\n") == 1);
    // There is room for the upload itself, but not for its base64 text too.
    const std::string no_room = co_await ask(upload(200'000));
    check_refused(no_room, 503, "overloaded");
    const std::string again = co_await ask(upload(100'000));
    CHECK(again.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "connections over a limit get an error and are closed") {
  struct Case {
    std::size_t connections_max;
    std::size_t per_peer_max;
    int status;
    std::string reason;
  };
  const auto one =
      GENERATE(values<Case>({{1, 9, 503, "connections"}, {9, 1, 429, "client_connections"}}));
  options.limits.connections_max = one.connections_max;
  options.limits.connections_per_peer_max = one.per_peer_max;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    // A connection whose image is being recognized doesn't make room.
    tcp::socket first = co_await connect();
    co_await send(first, upload(3));
    co_await wait_for_image();
    for (const std::string& bytes :
         {get_root, upload(3), begun_upload(9000, 1), get_root + get_root}) {
      tcp::socket socket = co_await connect();
      co_await send(socket, bytes);
      socket.shutdown(tcp::socket::shutdown_send);
      const std::string page = co_await receive_all(socket);
      check_refused(page, one.status, one.reason);
      CHECK(count_of(page, "Connection: close\r\n") == 1);
      CHECK(count_of(page, "</html>") == 1);
    }
    classifier.open_gate();
    const std::string page = co_await receive_until(first, "</html>");
    CHECK(page.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
  CHECK(classifier.file_bytes.size() == 1);
}

TEST_CASE_METHOD(OverloadTest, "a silent connection over the limit is soon closed") {
  options.limits.connections_max = 1;
  options.timeouts.refused = 50ms;
  options.timeouts.first_byte = 1h;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket first = co_await connect();
    co_await send(first, upload(3));
    co_await wait_for_image();
    tcp::socket silent = co_await connect();
    const std::string nothing = co_await receive_all(silent);
    CHECK(nothing.empty());
    classifier.open_gate();
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest,
                 "a question for a model's labels counts as an upload of the client") {
  options.limits.requests_per_client_max = 1;
  workers.add({"den", 1});
  workers.set_model(workers.snapshot().back().worker.id, {"tiny", true, 2});
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket first = co_await connect();
    co_await send(first, upload(3));
    co_await wait_for_image();
    const auto get = [&](const std::string& path) -> asio::awaitable<std::string> {
      tcp::socket socket = co_await connect();
      const std::string bytes = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      co_await send(socket, bytes);
      co_return co_await receive_all(socket);
    };
    const std::string refused = co_await get("/api/v1/models/tiny/labels");
    check_refused(refused, 429, "client_limit");
    const std::string list = co_await get("/api/v1/models");
    CHECK(list.starts_with("HTTP/1.1 200 "));
    classifier.open_gate();
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest,
                 "a trusted proxy's clients are counted, and the proxy may have more connections") {
  options.limits.connections_per_peer_max = 1;
  options.limits.requests_per_client_max = 1;
  options.access.trusted_proxies = io::NetworkList({"127.0.0.0/8"});
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket first = co_await connect();
    co_await send(first, upload(3, "X-Forwarded-For: 203.0.113.7\r\n"));
    co_await wait_for_image();
    const std::string refused = co_await ask(upload(3, "X-Forwarded-For: 203.0.113.7\r\n"));
    check_refused(refused, 429, "client_limit");
    classifier.open_gate();
    const std::string other = co_await ask(upload(3, "X-Forwarded-For: 203.0.113.8\r\n"));
    CHECK(other.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "the addresses of one IPv6 network are one client") {
  options.limits.requests_per_client_max = 1;
  options.access.trusted_proxies = io::NetworkList({"127.0.0.0/8"});
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket first = co_await connect();
    co_await send(first, upload(3, "X-Forwarded-For: 2001:db8::1\r\n"));
    co_await wait_for_image();
    const std::string refused = co_await ask(upload(3, "X-Forwarded-For: 2001:db8::2\r\n"));
    check_refused(refused, 429, "client_limit");
    classifier.open_gate();
    const std::string other = co_await ask(upload(3, "X-Forwarded-For: 2001:db8:0:1::1\r\n"));
    CHECK(other.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "an idle connection whose upload was answered takes no slot") {
  options.limits.requests_max = 1;
  classifier.open_gate();
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket idle = co_await connect();
    co_await send(idle, upload(3));
    co_await receive_until(idle, "</html>");
    const std::string page = co_await ask(upload(3));
    CHECK(page.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "a lingering connection ends after a number of bytes") {
  options.limits.linger_bytes_max = 1000;
  options.timeouts.linger = 1h;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
    co_await receive_until(socket, "</html>");
    const std::string more(64 << 10, 'a');
    const test::Wait wait("the server to end a connection that lingers");
    std::error_code error;
    while (!error) {
      co_await asio::async_write(socket, asio::buffer(more),
                                 asio::redirect_error(asio::use_awaitable, error));
      co_await next_turn();
    }
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "a proxy's rejected upload is read before the answer") {
  options.access.trusted_proxies = io::NetworkList({"127.0.0.1"});
  options.limits.image_bytes_max = 1'000'000;
  start();
  struct Case {
    std::string head;
    std::size_t bytes;
    std::string status;
  };
  const auto one = GENERATE(
      values<Case>({{"POST /nowhere HTTP/1.1\r\n", 900'000, "404"},
                    {"POST / HTTP/1.1\r\nContent-Type: image/png\r\n", 1'900'000, "413"},
                    {"POST /nowhere HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n",
                     1'900'000, "404"}}));
  CAPTURE(one.head);
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, one.head + "Host: x\r\nContent-Length: " + std::to_string(one.bytes) +
                              "\r\n\r\n" + std::string(one.bytes, 'a') + get_root);
    // The connection is kept, because nothing of the body is left.
    const std::string pages = co_await receive_until(socket, "</html>", 2);
    CHECK(pages.starts_with("HTTP/1.1 " + one.status + " "));
    CHECK(count_of(pages, "HTTP/1.1 200 ") == 1);
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "while an image is recognized, only its encoded bytes are held") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(30'000));
    co_await wait_for_image();
    tcp::socket reader = co_await connect();
    co_await send(reader, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string metrics = co_await receive_all(reader);
    CHECK(count_of(metrics, "\nsamoyed_held_bytes 40000\n") == 1);
    classifier.open_gate();
    co_await receive_until(socket, "</html>");
  };
  run_client(client());
}

TEST_CASE_METHOD(OverloadTest, "the number of lingering connections is limited") {
  options.limits.lingering_max = 1;
  options.timeouts.linger = 30s;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    const std::string wrong = "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n";
    tcp::socket first = co_await connect();
    co_await send(first, wrong);
    co_await receive_until(first, "</html>");
    tcp::socket second = co_await connect();
    co_await send(second, wrong);
    // This connection ends long before the linger timeout, because the first one took the only
    // place.
    const std::string page = co_await receive_all(second);
    CHECK(page.starts_with("HTTP/1.1 404 "));
    // Once the first one has left, another one may take its place.
    first.close();
    co_await wait_for_no_connection();
    tcp::socket third = co_await connect();
    co_await send(third, wrong);
    co_await receive_until(third, "</html>");
    for (int i = 0; i < 20; ++i) co_await next_turn();
    CHECK(server->connections() == 1);
  };
  run_client(client());
}

}  // namespace
}  // namespace samoyed::web
