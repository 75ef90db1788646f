#include "web/server/client_turns.hpp"

#include <algorithm>
#include <list>
#include <optional>
#include <string>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

/// Notes whose turn it is, on one thread.
struct TurnsTest {
  /// Begins a request of a client, which waits for its turn.
  io::Event& ask(const std::string& client) {
    io::Event& wake = wakes.emplace_back(io.get_executor());
    asio::co_spawn(
        io,
        [](TurnsTest& test, std::string name, io::Event& own_wake) -> asio::awaitable<void> {
          std::string copy = name;
          co_await test.turns->take(std::move(copy), own_wake);
          test.order += name;
        }(*this, client, wake),
        asio::detached);
    return wake;
  }
  void ask(const std::string& client, int times) {
    for (int i = 0; i < times; ++i) ask(client);
  }

  asio::io_context io{1};
  std::optional<ClientTurns> turns{io.get_executor()};
  std::list<io::Event> wakes;
  std::string order;
};

TEST_CASE_METHOD(TurnsTest, "each client has one turn in a round, however much it asks for") {
  ask("a", 100);
  ask("b", 2);
  ask("c", 3);
  io.run();
  CHECK(order.size() == 105);
  // The first round began when nobody else was there. The others had three turns at most.
  const std::size_t first = order.find_first_of("bc");
  const std::string shared = order.substr(first, order.find_last_of("bc") - first);
  CHECK(shared.substr(0, 2) == "bc");
  CHECK(std::ranges::count(shared, 'a') <= 3);
}

TEST_CASE_METHOD(TurnsTest, "a client that is alone has all its turns, and then the loop can end") {
  ask("a", 100);
  io.run();
  CHECK(order == std::string(100, 'a'));
}

TEST_CASE_METHOD(TurnsTest, "a client's own requests come in the order of their arrival") {
  ask("b");
  io.poll();
  std::string expected = "b";
  ask("x");
  for (const char* const name : {"a", "a", "a"}) ask(name);
  io.restart();
  io.run();
  CHECK(order == "bxaaa");
}

TEST_CASE_METHOD(TurnsTest, "a request that gives up waiting takes nobody's turn") {
  ask("b");
  ask("a");
  io::Event& first = ask("a");
  ask("a");
  asio::post(io, [&] { first.notify(); });
  io.run();
  CHECK(order == "baaa");
  order.clear();
  ask("a");
  io.restart();
  io.run();
  CHECK(order == "a");
}

TEST_CASE_METHOD(TurnsTest, "a planned round may outlive the turns") {
  ask("a");
  io.run_one();
  turns.reset();
  io.run();
  CHECK(order == "a");
}

}  // namespace
}  // namespace samoyed::web
