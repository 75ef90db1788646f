#include "samoyed/io/event.hpp"

#include <chrono>
#include <string>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <catch2/catch.hpp>

namespace samoyed::io {
namespace {

using namespace std::chrono_literals;

/// Only prevents hanging.
constexpr auto limit = 30s;

TEST_CASE("notify ends a wait long before its timeout") {
  asio::io_context io(1);
  Event event(io.get_executor());
  bool woken = false;
  asio::co_spawn(
      io,
      [](Event& waited, bool& flag) -> asio::awaitable<void> {
        co_await waited.wait_until(Event::Clock::now() + 1h);
        flag = true;
      }(event, woken),
      asio::detached);
  io.poll();
  CHECK_FALSE(woken);
  event.notify();
  io.run_for(limit);
  CHECK(woken);
}

TEST_CASE("a notify before the wait doesn't end it, but the timeout does") {
  asio::io_context io(1);
  Event event(io.get_executor());
  event.notify();
  const auto begin = Event::Clock::now();
  asio::co_spawn(
      io, [](Event& waited) { return waited.wait_until(Event::Clock::now() + 20ms); }(event),
      asio::detached);
  io.run_for(limit);
  CHECK(Event::Clock::now() - begin >= 20ms);
}

TEST_CASE("a sleep lasts as long as requested") {
  asio::io_context io(1);
  const auto begin = Event::Clock::now();
  asio::co_spawn(io, sleep_for(20ms), asio::detached);
  io.run_for(limit);
  CHECK(Event::Clock::now() - begin >= 20ms);
}

}  // namespace
}  // namespace samoyed::io
