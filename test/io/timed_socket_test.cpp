#include "samoyed/io/timed_socket.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/errc.hpp"
#include "support/silent_listener.hpp"

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// Only prevent hanging.
constexpr auto never = 1h;
constexpr auto patience = 20s;

/// A socket connected to a peer in the same process. The tests play the peer.
struct Pair {
  Pair() : ours(io.get_executor()), peer(io) {
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    ours.socket().connect(acceptor.local_endpoint());
    acceptor.accept(peer);
    ours.socket().non_blocking(true);
  }

  /// Runs a coroutine. Returns true if it ended and left nothing running.
  bool run(const std::function<asio::awaitable<void>()>& coroutine) {
    bool ended = false;
    asio::co_spawn(io, coroutine, [&](std::exception_ptr failure) { ended = !failure; });
    io.restart();
    io.run_for(patience);
    return ended && io.stopped();
  }

  void say(std::string_view bytes) { asio::write(peer, asio::buffer(bytes)); }

  asio::awaitable<void> read(Clock::duration within) {
    deadline = Clock::now() + within;
    size = co_await ours.read_some(asio::buffer(buffer), deadline, error);
    ended_at = Clock::now();
  }

  asio::awaitable<void> pause(Clock::duration time) {
    asio::steady_timer timer(io, time);
    co_await timer.async_wait(asio::use_awaitable);
  }

  asio::io_context io{1};
  TimedSocket ours;
  tcp::socket peer;
  std::array<char, 16> buffer{};
  // Of the last read:
  std::error_code error;
  std::size_t size = 0;
  Clock::time_point deadline;
  Clock::time_point ended_at;
};

TEST_CASE("small messages are sent at once") {
  Pair pair;
  TimedSocket connected(std::move(pair.peer));
  tcp::no_delay option;
  connected.socket().get_option(option);
  CHECK(option.value());
}

TEST_CASE("closing a socket ends its connect") {
  const test::SilentListener silent(asio::ip::address_v4::loopback());
  Pair pair;
  TimedSocket connecting(pair.io.get_executor());
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    asio::post(pair.io, [&] { connecting.close(); });
    const std::vector<tcp::endpoint> endpoints{silent.endpoint()};
    co_await connecting.connect(endpoints, Clock::now() + never, pair.error);
  }));
  CHECK(pair.error == asio::error::operation_aborted);
}

TEST_CASE("a deadline earlier than the previous operation's is met") {
  Pair pair;
  pair.say("a");
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.read(never);
    CHECK(pair.size == 1);
    co_await pair.read(30ms);
  }));
  CHECK(pair.error == io::Errc::timed_out);
}

TEST_CASE("the deadline of a finished operation doesn't end the next one") {
  Pair pair;
  pair.say("a");
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.read(30ms);
    CHECK(pair.size == 1);
    co_await pair.read(90ms);
  }));
  CHECK(pair.error == io::Errc::timed_out);
  CHECK(pair.ended_at >= pair.deadline);
}

TEST_CASE("a deadline that passes between two operations has no effect") {
  Pair pair;
  pair.say("a");
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.read(20ms);
    co_await pair.pause(60ms);
    pair.say("bc");
    co_await pair.read(never);
    pair.ours.rest();
  }));
  CHECK_FALSE(pair.error);
  CHECK(pair.size == 2);
}

TEST_CASE("the deadline of a slow write that ended doesn't close the socket") {
  const std::string much(std::size_t{16} << 20, 'x');  // More than the kernel takes at once.
  bool written = false;
  // On a busy machine, the write may need more time.
  for (const Clock::duration within : {Clock::duration(100ms), Clock::duration(5s)}) {
    if (written) break;
    Pair pair;
    std::string got(much.size(), '\0');
    asio::async_read(pair.peer, asio::buffer(got), [](std::error_code, std::size_t) {});
    CHECK(pair.run([&]() -> asio::awaitable<void> {
      const auto deadline = Clock::now() + within;
      co_await pair.ours.write(asio::buffer(much), deadline, pair.error);
      if (pair.error) co_return;
      written = true;
      co_await pair.pause(deadline - Clock::now() + 20ms);
      CHECK(pair.ours.socket().is_open());
    }));
  }
  CHECK(written);
}

TEST_CASE("after a read timed out, the socket can still be written to") {
  Pair pair;
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.read(10ms);
    CHECK(pair.error == io::Errc::timed_out);
    co_await pair.ours.write(asio::buffer("sorry", 5), Clock::now() + never, pair.error);
    CHECK_FALSE(pair.error);
  }));
  CHECK(asio::read(pair.peer, asio::buffer(pair.buffer, 5)) == 5);
}

TEST_CASE("a write that the peer doesn't read ends at its deadline and closes the socket") {
  Pair pair;
  // More than the socket buffers of both ends can hold.
  const std::string much(std::size_t{64} << 20, 'x');
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.ours.write(asio::buffer(much), Clock::now() + 50ms, pair.error);
  }));
  CHECK(pair.error == io::Errc::timed_out);
  CHECK_FALSE(pair.ours.socket().is_open());
}

TEST_CASE("two buffers arrive as one stream, wherever the kernel's buffer ends") {
  const auto sizes = GENERATE(values<std::pair<std::size_t, std::size_t>>(
      {{3, 0}, {0, 3}, {3, 5}, {std::size_t{16} << 20, 7}, {7, std::size_t{16} << 20}}));
  Pair pair;
  const std::string head(sizes.first, 'h');
  const std::string body(sizes.second, 'b');
  std::string got(head.size() + body.size(), '\0');
  asio::async_read(pair.peer, asio::buffer(got), [](std::error_code, std::size_t) {});
  CHECK(pair.run([&]() -> asio::awaitable<void> {
    co_await pair.ours.write(asio::buffer(head), asio::buffer(body), Clock::now() + never,
                             pair.error);
    pair.ours.rest();
  }));
  CHECK_FALSE(pair.error);
  CHECK(got == head + body);
}

TEST_CASE("a socket that rests or was destroyed doesn't keep an io_context running") {
  const bool rests = GENERATE(true, false);
  auto pair = std::make_unique<Pair>();
  pair->say("a");
  asio::io_context& io = pair->io;
  std::optional<TimedSocket> other(std::in_place, std::move(pair->ours.socket()));
  std::error_code error;
  const auto coroutine = [&]() -> asio::awaitable<void> {
    co_await other->read_some(asio::buffer(pair->buffer), Clock::now() + never, error);
    if (rests) {
      other->rest();
    } else {
      other.reset();
    }
  };
  asio::co_spawn(io, coroutine, [](std::exception_ptr) {});
  io.run_for(patience);
  CHECK_FALSE(error);
  CHECK(io.stopped());
}

}  // namespace
}  // namespace samoyed::io
