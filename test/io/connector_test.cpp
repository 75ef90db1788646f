#include "samoyed/io/connector.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <sys/resource.h>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/errc.hpp"
#include "support/silent_listener.hpp"

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// Only prevents hanging. A connection to a silent listener would end later.
constexpr auto long_enough = 20s;

const auto loopback = asio::ip::address_v4::loopback();

/// An endpoint that refuses connections.
tcp::endpoint refusing(asio::io_context& io) {
  return tcp::acceptor(io, {loopback, 0}).local_endpoint();
}

struct ConnectorTest {
  /// Connects, and returns the endpoint that accepted. Checks that nothing keeps running.
  tcp::endpoint connect(std::vector<tcp::endpoint> endpoints,
                        Connector::Clock::duration within = long_enough) {
    tcp::endpoint accepted;
    bool ended = false;
    const auto run = [&]() -> asio::awaitable<void> {
      const auto deadline = Connector::Clock::now() + within;
      tcp::socket socket = co_await connector.connect(endpoints, deadline, error);
      CHECK(socket.is_open() == !error);
      if (!error) accepted = socket.remote_endpoint();
    };
    asio::co_spawn(io, run(), [&](std::exception_ptr failure) { ended = !failure; });
    asio::post(io, meanwhile);
    io.restart();
    io.run_for(2 * long_enough);
    CHECK(ended);
    CHECK(io.stopped());
    return accepted;
  }

  asio::io_context io{1};
  Connector connector{io.get_executor()};
  tcp::acceptor good{io, {loopback, 0}};
  tcp::acceptor other{io, {loopback, 0}};
  std::error_code error;
  std::function<void()> meanwhile = [] {};  ///< Is called when the attempts have begun.
};

TEST_CASE_METHOD(ConnectorTest, "an address that swallows packets hides none of the others") {
  const test::SilentListener first(loopback);
  const test::SilentListener second(loopback);
  CHECK(connect({first.endpoint(), second.endpoint(), good.local_endpoint()}) ==
        good.local_endpoint());
  CHECK_FALSE(error);
}

TEST_CASE_METHOD(ConnectorTest, "the first address that accepts is used, and only that one") {
  CHECK(connect({good.local_endpoint(), other.local_endpoint()}) == good.local_endpoint());
  other.non_blocking(true);
  std::error_code none;
  other.accept(none);
  CHECK(none == asio::error::would_block);
}

TEST_CASE_METHOD(ConnectorTest, "an address that refuses is followed by the next") {
  CHECK(connect({refusing(io), good.local_endpoint()}) == good.local_endpoint());
  CHECK_FALSE(error);
}

TEST_CASE_METHOD(ConnectorTest, "if no address accepts, the error is that of the last one") {
  connect({refusing(io), refusing(io)});
  CHECK(error == asio::error::connection_refused);
  connect({});
  CHECK(error == asio::error::not_found);
}

TEST_CASE_METHOD(ConnectorTest, "the deadline ends all attempts") {
  const test::SilentListener silent(loopback);
  connect({silent.endpoint(), refusing(io)}, 30ms);
  CHECK(error == Errc::timed_out);
}

TEST_CASE_METHOD(ConnectorTest,
                 "the deadline holds if no socket can be opened for the next address") {
  const test::SilentListener first(loopback);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  meanwhile = [&] {
    const rlimit none{0, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  };
  connect({first.endpoint(), good.local_endpoint()}, 800ms);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(error == Errc::timed_out);
}

TEST_CASE_METHOD(ConnectorTest, "a cancel ends all attempts") {
  const test::SilentListener silent(loopback);
  meanwhile = [&] { connector.cancel(); };
  connect({silent.endpoint(), silent.endpoint()});
  CHECK(error == asio::error::operation_aborted);
}

TEST_CASE_METHOD(ConnectorTest, "the number of attempts is limited") {
  std::vector<tcp::endpoint> endpoints(connect_attempts_max, refusing(io));
  endpoints.push_back(good.local_endpoint());
  connect(endpoints);
  CHECK(error == asio::error::connection_refused);
}

TEST_CASE("head starts are shorter if there is little time, so that every address is tried") {
  CHECK(head_start(1h, 3) == 250ms);
  CHECK(head_start(750ms, 3) == 250ms);
  CHECK(head_start(300ms, 3) == 100ms);
  CHECK(head_start(0ms, 3) == 0ms);
  CHECK(head_start(10ms, 0) == 10ms);
}

TEST_CASE("address families take turns, beginning with the first one's") {
  const auto v4 = [](unsigned short port) { return tcp::endpoint(loopback, port); };
  const auto v6 = [](unsigned short port) {
    return tcp::endpoint(asio::ip::address_v6::loopback(), port);
  };
  using List = std::vector<tcp::endpoint>;
  CHECK(interleaved({}).empty());
  CHECK(interleaved({v6(1), v6(2), v6(3), v4(4), v4(5)}) ==
        List{v6(1), v4(4), v6(2), v4(5), v6(3)});
  CHECK(interleaved({v4(1), v6(2), v4(3), v4(4)}) == List{v4(1), v6(2), v4(3), v4(4)});
  CHECK(interleaved({v4(1), v4(2)}) == List{v4(1), v4(2)});
}

}  // namespace
}  // namespace samoyed::io
