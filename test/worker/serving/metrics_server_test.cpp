#include "worker/serving/metrics_server.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "samoyed/protocol/address.hpp"
#include "support/wait.hpp"

using namespace samoyed;
using std::chrono::milliseconds;
using worker::MetricsServer;

namespace {

/// A metrics server on its own port and thread.
class MetricsServerFixture {
 public:
  explicit MetricsServerFixture(MetricsServer::Limits limits = {})
      : server_(
            io::open_acceptor(io_.get_executor(), "127.0.0.1", 0),
            [this] { return "asked " + std::to_string(++asked_) + "\n"; }, limits),
        address_(*protocol::parse_address(server_.listening_address())) {
    asio::co_spawn(io_, server_.run(), asio::detached);
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~MetricsServerFixture() {
    asio::post(io_, [this] { server_.stop(); });
  }

  /// Connects from 127.0.0.`last`.
  asio::ip::tcp::socket connect(int last = 1) {
    const auto from = asio::ip::make_address("127.0.0." + std::to_string(last));
    asio::ip::tcp::socket socket(peers_, {from, 0});
    socket.connect({asio::ip::make_address(address_.host), address_.port});
    return socket;
  }

 private:
  asio::io_context peers_;
  asio::io_context io_{1};
  int asked_ = 0;
  MetricsServer server_;
  protocol::Address address_;
  std::jthread thread_;
};

/// Returns everything that the server sends until it ends the connection.
std::string read_all(asio::ip::tcp::socket& socket) {
  const test::Wait wait("the metrics server to end a connection");
  std::string bytes;
  std::error_code end;
  asio::read(socket, asio::dynamic_buffer(bytes), end);
  return bytes;
}

std::string scrape(asio::ip::tcp::socket socket) {
  asio::write(socket, asio::buffer(std::string("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")));
  return read_all(socket);
}

}  // namespace

TEST_CASE("each scrape gets fresh metrics, and then its connection is closed") {
  MetricsServerFixture fixture;
  CHECK_THAT(scrape(fixture.connect()), Catch::EndsWith("\r\n\r\nasked 1\n"));
  CHECK_THAT(scrape(fixture.connect()), Catch::EndsWith("\r\n\r\nasked 2\n"));
}

TEST_CASE("an error response arrives even if the request was not read to its end") {
  MetricsServerFixture fixture;
  auto socket = fixture.connect();
  asio::write(socket, asio::buffer(std::string("GET /") + std::string(100'000, 'x')));
  CHECK_THAT(read_all(socket), Catch::StartsWith("HTTP/1.1 431 "));
}

TEST_CASE("a peer that sends nothing or stays connected after its response is disconnected") {
  MetricsServerFixture fixture({.request_timeout = milliseconds(50)});
  auto silent = fixture.connect();
  CHECK(read_all(silent).empty());
  auto lingering = fixture.connect();
  CHECK_THAT(scrape(std::move(lingering)), Catch::EndsWith("asked 1\n"));
}

TEST_CASE(
    "metrics connections are limited in total and per address: the longest waiting one goes") {
  const auto limits = GENERATE(values<MetricsServer::Limits>(
      {{.connections_max = 2}, {.connections_max = 9, .connections_per_peer_max = 2}}));
  MetricsServerFixture fixture(limits);
  auto first = fixture.connect();
  auto second = fixture.connect();
  CHECK_THAT(scrape(fixture.connect()), Catch::EndsWith("asked 1\n"));
  CHECK(read_all(first).empty());
  CHECK_THAT(scrape(std::move(second)), Catch::EndsWith("asked 2\n"));
}

TEST_CASE("an address at its limit of metrics connections closes only its own") {
  MetricsServerFixture fixture({.connections_max = 9, .connections_per_peer_max = 1});
  auto other = fixture.connect(2);
  auto own = fixture.connect();
  CHECK_THAT(scrape(fixture.connect()), Catch::EndsWith("asked 1\n"));
  CHECK(read_all(own).empty());
  CHECK_THAT(scrape(std::move(other)), Catch::EndsWith("asked 2\n"));
}

TEST_CASE("idle connections don't keep a scraper from its metrics") {
  MetricsServerFixture fixture({.request_timeout = std::chrono::hours(1)});
  std::vector<asio::ip::tcp::socket> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(fixture.connect((i % 3) + 2));
    asio::write(idle.back(), asio::buffer(std::string("GET /met")));
  }
  CHECK_THAT(scrape(fixture.connect()), Catch::EndsWith("asked 1\n"));
}
