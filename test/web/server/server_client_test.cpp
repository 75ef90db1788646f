#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "web/server/server_fixture.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using test::count_of;
using test::get_root;
using test::ServerTest;

/// Captures what is logged while it exists.
class LogCapture {
 public:
  LogCapture() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
  }
  ~LogCapture() { spdlog::set_default_logger(before_); }

  std::string text() const { return text_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

TEST_CASE_METHOD(ServerTest, "a client that leaves cancels its work and gets no answer") {
  const bool reset = GENERATE(false, true);
  const LogCapture log;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    if (reset) socket.set_option(asio::socket_base::linger(true, 0));
    classifier.on_image = [&] { socket.close(); };
    co_await send(socket, upload(3));
    co_await wait_for_no_connection();
    tcp::socket reader = co_await connect();
    co_await send(reader, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string metrics = co_await receive_all(reader);
    CHECK(count_of(metrics, "samoyed_requests_total{outcome=\"client_left\"} 1\n") == 1);
  };
  run_client(client());
  CHECK(classifier.cancelled == 1);
  CHECK(count_of(log.text(), "POST / -> 499, 0 bytes") == 1);
}

TEST_CASE_METHOD(ServerTest, "a client that only ends its sending side gets its answer") {
  const bool after_another = GENERATE(false, true);
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    std::string bytes = after_another ? get_root : "";
    bytes += upload(3);
    co_await send(socket, bytes);
    if (after_another) co_await receive_until(socket, "</html>");
    socket.shutdown(tcp::socket::shutdown_send);
    // The server has noticed the end when the answer's first byte arrives.
    std::string answer = co_await receive_some(socket);
    CHECK(answer == "H");
    for (int i = 0; i < 10; ++i) co_await next_turn();
    CHECK(classifier.cancelled == 0);
    classifier.open_gate();
    answer += co_await receive_all(socket);
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(count_of(answer, "93.009%") == 1);
  };
  run_client(client());
  CHECK(classifier.cancelled == 0);
}

TEST_CASE_METHOD(ServerTest, "an answer to several pictures begins early only once") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    std::string body;
    for (int i = 0; i < 2; ++i) {
      body +=
          "--b\r\nContent-Disposition: form-data; name=\"file\"; "
          "filename=\"dog.jpg\"\r\n\r\naaa\r\n";
    }
    body += "--b--\r\n";
    const std::string head =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n";
    tcp::socket socket = co_await connect();
    co_await send(socket, head + body);
    socket.shutdown(tcp::socket::shutdown_send);
    std::string answer = co_await receive_some(socket);
    classifier.on_image = [&] { classifier.close_gate(); };
    classifier.open_gate();
    co_await wait_until([&] { return classifier.file_bytes.size() == 2; }, "the second image");
    // Long enough for the server to notice again that nothing more comes.
    for (int i = 0; i < 200; ++i) co_await next_turn();
    classifier.open_gate();
    answer += co_await receive_all(socket);
    CHECK(answer.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "a client that ends its sending side and then closes has left") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3));
    socket.shutdown(tcp::socket::shutdown_send);
    co_await receive_some(socket);
    socket.set_option(asio::socket_base::linger(true, 0));
    socket.close();
    co_await wait_for_no_connection();
  };
  run_client(client());
  CHECK(classifier.cancelled == 1);
}

TEST_CASE_METHOD(ServerTest,
                 "a client that sends more requests while it waits is answered in order") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3));
    co_await wait_for_image();
    co_await send(socket, get_root);
    for (int i = 0; i < 10; ++i) co_await next_turn();
    classifier.open_gate();
    const std::string pages = co_await receive_until(socket, "</html>", 2);
    CHECK(pages.find("93.009%") < pages.find("What is in the picture?</h1>"));
  };
  run_client(client());
  CHECK(classifier.cancelled == 0);
}

TEST_CASE_METHOD(ServerTest, "a client that leaves is noticed, whatever it sent after its image") {
  struct Case {
    std::string with_it;
    std::string later;
  };
  const auto one = GENERATE_COPY(values<Case>({{"\r\n", ""},
                                               {get_root, ""},
                                               {get_root + get_root, ""},
                                               {"", "\r\n"},
                                               {"", get_root},
                                               {get_root, get_root},
                                               {"GE", "T"},
                                               {std::string(70'000, 'a'), ""},
                                               {"", std::string(70'000, 'a')}}));
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3) + one.with_it);
    co_await wait_for_image();
    co_await send(socket, one.later);
    for (int i = 0; i < 10; ++i) co_await next_turn();
    CHECK(server->connections() == 1);
    socket.close();
    co_await wait_for_no_connection();
  };
  run_client(client());
  CHECK(classifier.cancelled == 1);
}

TEST_CASE_METHOD(ServerTest, "requests after an image are answered even if they arrive in pieces") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3) + get_root.substr(0, 1));
    co_await wait_for_image();
    for (const char c : get_root.substr(1) + get_root) {
      co_await send(socket, std::string(1, c));
      co_await next_turn();
    }
    classifier.open_gate();
    const std::string pages = co_await receive_until(socket, "</html>", 3);
    CHECK(pages.find("93.009%") < pages.find("What is in the picture?</h1>"));
    CHECK(test::count_of(pages, "HTTP/1.1 200 OK") == 3);
  };
  run_client(client());
  CHECK(classifier.cancelled == 0);
}

TEST_CASE_METHOD(ServerTest, "others have their turn between requests that arrive together") {
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    constexpr std::size_t count = 50;
    std::string requests;
    for (std::size_t i = 0; i < count; ++i) requests += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    tcp::socket socket = co_await connect();
    co_await send(socket, requests);
    // This client and the server share a thread.
    std::vector<char> room(std::size_t{64} << 10);
    const std::size_t size =
        co_await socket.async_read_some(asio::buffer(room), asio::use_awaitable);
    const std::size_t at_first = count_of({room.data(), size}, "HTTP/1.1 200 ");
    CHECK(at_first < count);
    co_await receive_until(socket, "HTTP/1.1 200 ", count - at_first);
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "after an image, no more than a header's size is buffered") {
  options.limits.header_bytes_max = 1024;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3));
    co_await wait_for_image();
    // More than the system holds for a server that doesn't read.
    constexpr std::size_t bytes_max = std::size_t{128} << 20;
    const std::string many(std::size_t{1} << 20, 'a');
    std::size_t sent = 0;
    std::error_code full;
    socket.non_blocking(true);
    for (int i = 0; i < 500 && sent < bytes_max; ++i) {
      sent += socket.write_some(asio::buffer(many), full);
      co_await next_turn();
    }
    CHECK(full == asio::error::would_block);
    CHECK(sent < bytes_max);
    CHECK(server->connections() == 1);
    classifier.open_gate();
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "an image's deadline is measured from its complete arrival") {
  options.timeouts.request = 1h;
  classifier.open_gate();
  start();
  std::chrono::steady_clock::time_point last_byte;
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    const std::string bytes = upload(3);
    co_await send(socket, bytes.substr(0, bytes.size() - 1));
    for (int i = 0; i < 10; ++i) co_await next_turn();
    last_byte = std::chrono::steady_clock::now();
    co_await send(socket, bytes.substr(bytes.size() - 1));
    co_await receive_until(socket, "</html>");
  };
  run_client(client());
  REQUIRE(classifier.deadlines.size() == 1);
  CHECK(classifier.deadlines[0] >= last_byte + 1h);
  CHECK(classifier.deadlines[0] <= std::chrono::steady_clock::now() + 1h);
}

TEST_CASE_METHOD(ServerTest,
                 "an internal error is answered with 500, and the connection continues") {
  const LogCapture log;
  classifier.failure = "the kennel is on fire";
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, upload(3));
    const std::string page = co_await receive_until(socket, "</html>");
    CHECK(page.starts_with("HTTP/1.1 500 "));
    CHECK(count_of(page, "Samoyed-Reason: internal\r\n") == 1);
    CHECK(count_of(page, "on fire") == 0);
    co_await send(socket, get_root);
    const std::string form = co_await receive_until(socket, "</html>");
    CHECK(form.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
  CHECK(count_of(log.text(), "on fire") == 1);
}

TEST_CASE_METHOD(ServerTest, "a client that is slow with its body gets 408") {
  options.timeouts.body = 50ms;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    const std::string bytes = upload(300);
    co_await send(socket, bytes.substr(0, bytes.size() - 100));
    const std::string page = co_await receive_until(socket, "</html>");
    CHECK(page.starts_with("HTTP/1.1 408 "));
    CHECK(count_of(page, "Samoyed-Reason: slow_request\r\n") == 1);
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest,
                 "a client that doesn't read its answers is disconnected and affects nobody else") {
  options.timeouts.write = 50ms;
  start();
  const auto greedy = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "GET /assets/style.css HTTP/1.1\r\nHost: x\r\n\r\n";
    std::error_code error;
    co_await asio::async_write(socket, asio::buffer(many),
                               asio::redirect_error(asio::use_awaitable, error));
    co_await wait_for_no_connection();
  };
  const auto other = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string page = co_await receive_all(socket);
    CHECK(page.starts_with("HTTP/1.1 200 "));
  };
  std::vector<asio::awaitable<void>> clients;
  clients.push_back(greedy());
  clients.push_back(other());
  run_clients(std::move(clients));
}

TEST_CASE_METHOD(ServerTest, "a client that keeps sending after its answer is disconnected") {
  options.timeouts.linger = 50ms;
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n");
    std::error_code error;
    while (!error) {
      co_await asio::async_write(socket, asio::buffer("a", 1),
                                 asio::redirect_error(asio::use_awaitable, error));
      co_await next_turn();
    }
    co_await wait_for_no_connection();
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest, "a server that is stopping reports that it is not ready") {
  workers.add({"localhost", 8888});
  start();
  const std::string ready = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket, ready);
    const std::string before = co_await receive_until(socket, "ok\n");
    CHECK(before.starts_with("HTTP/1.1 200 "));
    co_await send(socket, ready.substr(0, 10));
    for (int i = 0; i < 10; ++i) co_await next_turn();
    server->stop();
    for (int i = 0; i < 10; ++i) co_await next_turn();
    co_await send(socket, ready.substr(10));
    const std::string after = co_await receive_all(socket);
    CHECK(after.starts_with("HTTP/1.1 503 "));
    CHECK(count_of(after, "Samoyed-Reason: stopping\r\n") == 1);
    CHECK(count_of(after, "Connection: close\r\n") == 1);
  };
  run_client(client());
}

TEST_CASE_METHOD(ServerTest,
                 "the log names the client behind a proxy only if the proxy is trusted") {
  const bool trusted = GENERATE(true, false);
  const LogCapture log;
  if (trusted) options.access.trusted_proxies = io::NetworkList({"127.0.0.1"});
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    co_await send(socket,
                  "GET / HTTP/1.1\r\nHost: x\r\nForwarded: for=\"[2001:db8::7]:1\"\r\n\r\n");
    co_await receive_until(socket, "</html>");
  };
  run_client(client());
  CHECK(count_of(log.text(), "2001:db8::7 through 127.0.0.1:") == (trusted ? 1U : 0U));
  CHECK(count_of(log.text(), "GET / -> 200") == 1);
}

TEST_CASE_METHOD(ServerTest, "the admin token is required in the header or as a session cookie") {
  options.access.admin_token = "secret";
  start();
  const auto client = [&]() -> asio::awaitable<void> {
    tcp::socket socket = co_await connect();
    const auto ask = [&](std::string head, std::string body) -> asio::awaitable<std::string> {
      co_await send(socket, head + "\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body);
      // A redirect has no body.
      std::string answer = co_await receive_until(socket, "\r\n\r\n");
      if (!answer.starts_with("HTTP/1.1 303 ")) {
        while (answer.find("</html>") == answer.npos) answer += co_await receive_some(socket);
      }
      co_return answer;
    };
    const std::string refused = co_await ask("GET /add/localhost:1 HTTP/1.1", "");
    CHECK(refused.starts_with("HTTP/1.1 401 "));
    const std::string added =
        co_await ask("GET /add/localhost:1 HTTP/1.1\r\nAuthorization: Bearer secret", "");
    CHECK(added.starts_with("HTTP/1.1 200 "));
    const std::string entered = co_await ask("POST /sign-in HTTP/1.1", "token=secret");
    REQUIRE(entered.starts_with("HTTP/1.1 303 "));
    const std::size_t at = entered.find("samoyed_session=");
    const std::string cookie = entered.substr(at, entered.find(';', at) - at);
    CHECK(cookie.size() == std::string("samoyed_session=").size() + 95);
    const std::string deleted =
        co_await ask("POST /del/localhost:1 HTTP/1.1\r\nCookie: " + cookie, "");
    CHECK(deleted.starts_with("HTTP/1.1 200 "));
  };
  run_client(client());
}

}  // namespace
}  // namespace samoyed::web
