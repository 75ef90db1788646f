#include "samoyed/io/accept_loop.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <functional>
#include <list>
#include <string_view>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "samoyed/io/listener.hpp"
#include "support/wait.hpp"

using namespace samoyed::io;
using Verdict = AcceptLoop::Verdict;
using asio::ip::tcp;

namespace {

/// A loop whose connections stay open until the test drops them. Everything runs on the test's
/// thread, and only when the test lets it run.
class AcceptLoopFixture {
 public:
  explicit AcceptLoopFixture(AcceptLoop::Limits limits, bool exempt = false)
      : loop_(
            open_acceptor(io_.get_executor(), "127.0.0.1", 0), limits,
            [this](std::string_view peer) { return drop_idle(peer); },
            [exempt](const asio::ip::address&) { return exempt; }),
        endpoint_(loop_.acceptor().local_endpoint()) {
    asio::co_spawn(io_, loop_.run([this](tcp::socket socket, AcceptLoop::Slot slot) {
      verdicts.push_back(slot.verdict());
      open_.push_back({std::move(socket), std::move(slot)});
    }),
                   [this](std::exception_ptr) { ended = true; });
  }

  /// Connects from an address of this machine and lets the loop handle the connection.
  tcp::socket& connect(const char* from = "127.0.0.1") { return connect(open_client(from)); }
  tcp::socket& connect(tcp::socket& client) {
    client.connect(endpoint_);
    settle();
    return client;
  }
  tcp::socket& open_client(const char* from = "127.0.0.1") {
    return clients_.emplace_back(io_, tcp::endpoint(asio::ip::make_address(from), 0));
  }

  void drop_last() {
    open_.pop_back();
    settle();
  }
  void drop_first() {
    open_.pop_front();
    settle();
  }
  void stop() {
    loop_.stop();
    settle();
  }
  /// Runs everything that can run without further action by a client.
  void settle() {
    io_.restart();
    io_.poll();
  }

  std::vector<Verdict> verdicts;
  bool ended = false;
  /// The number of connections that may be closed to make room, oldest first.
  int idle = 0;
  std::function<void()> on_drop = [] {};

 private:
  struct Open {
    tcp::socket socket;
    AcceptLoop::Slot slot;
  };

  bool drop_idle(std::string_view peer) {
    const auto found = std::ranges::find_if(
        open_, [&](const Open& open) { return peer.empty() || open.slot.peer() == peer; });
    if (idle == 0 || found == open_.end()) return false;
    --idle;
    open_.erase(found);
    on_drop();
    return true;
  }

  asio::io_context io_{1};
  AcceptLoop loop_;
  tcp::endpoint endpoint_;
  std::list<Open> open_;
  std::list<tcp::socket> clients_;
};

int open_descriptor() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

/// Leaves the process no free descriptor until it is destroyed.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open_descriptor();
    close(lowest_free);
    const rlimit lowered{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &lowered);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// Returns true if the server has closed the connection.
bool is_closed(tcp::socket& client) {
  client.non_blocking(true);
  char byte;
  std::error_code error;
  client.read_some(asio::buffer(&byte, 1), error);
  return error && error != asio::error::would_block;
}

}  // namespace

TEST_CASE("connections over the limit wait in the kernel until another one ends") {
  AcceptLoopFixture fixture(
      {.connections_max = 2, .connections_per_peer_max = 9, .refused_max = 0});
  for (int i = 0; i < 3; ++i) fixture.connect();
  CHECK(fixture.verdicts == std::vector(2, Verdict::admitted));
  fixture.drop_first();
  CHECK(fixture.verdicts == std::vector(3, Verdict::admitted));
}

TEST_CASE("some connections over the limit are accepted, so that the client gets an answer") {
  AcceptLoopFixture fixture(
      {.connections_max = 1, .connections_per_peer_max = 9, .refused_max = 1});
  for (int i = 0; i < 3; ++i) fixture.connect();
  CHECK(fixture.verdicts == std::vector{Verdict::admitted, Verdict::all_full});
  fixture.drop_first();
  CHECK(fixture.verdicts == std::vector{Verdict::admitted, Verdict::all_full, Verdict::admitted});
}

TEST_CASE("a refused connection that ended makes room for the next one") {
  AcceptLoopFixture fixture(
      {.connections_max = 9, .connections_per_peer_max = 1, .refused_max = 1});
  fixture.connect();
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(is_closed(fixture.connect()));
    CHECK(fixture.verdicts.back() == Verdict::peer_full);
    fixture.drop_last();
  }
  CHECK(fixture.verdicts.size() == 4);
}

TEST_CASE("at a limit, an idle connection makes room for a new one") {
  AcceptLoopFixture fixture(
      {.connections_max = 2, .connections_per_peer_max = 9, .refused_max = 1});
  tcp::socket& oldest = fixture.connect();
  tcp::socket& busy = fixture.connect("127.0.0.2");
  fixture.idle = 1;
  fixture.connect("127.0.0.3");
  CHECK(fixture.verdicts == std::vector(3, Verdict::admitted));
  CHECK(is_closed(oldest));
  fixture.connect("127.0.0.4");
  CHECK(fixture.verdicts.back() == Verdict::all_full);
  CHECK_FALSE(is_closed(busy));
}

TEST_CASE("an address at its own limit closes only its own idle connections") {
  AcceptLoopFixture fixture(
      {.connections_max = 9, .connections_per_peer_max = 1, .refused_max = 0});
  tcp::socket& other = fixture.connect("127.0.0.2");
  tcp::socket& first = fixture.connect();
  CHECK(is_closed(fixture.connect()));
  fixture.idle = 1;
  fixture.connect();
  CHECK(fixture.verdicts == std::vector(3, Verdict::admitted));
  CHECK(is_closed(first));
  CHECK_FALSE(is_closed(other));
}

TEST_CASE("a connection that waits is admitted once another one becomes idle") {
  AcceptLoopFixture fixture(
      {.connections_max = 1, .connections_per_peer_max = 9, .refused_max = 0});
  fixture.connect();
  fixture.connect();
  CHECK(fixture.verdicts.size() == 1);
  fixture.idle = 1;
  for (int i = 0; i < 1000 && fixture.verdicts.size() == 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    fixture.settle();
  }
  CHECK(fixture.verdicts == std::vector(2, Verdict::admitted));
}

TEST_CASE("one address can't use up all connections") {
  AcceptLoopFixture fixture(
      {.connections_max = 9, .connections_per_peer_max = 2, .refused_max = 1});
  for (int i = 0; i < 3; ++i) fixture.connect();
  CHECK(fixture.verdicts == std::vector{Verdict::admitted, Verdict::admitted, Verdict::peer_full});
  CHECK(is_closed(fixture.connect()));  // No further refusal fits under `refused_max`.
  CHECK_FALSE(is_closed(fixture.connect("127.0.0.2")));
  CHECK(fixture.verdicts.back() == Verdict::admitted);
  fixture.drop_first();
  fixture.connect();
  CHECK(fixture.verdicts.size() == 5);
  CHECK(fixture.verdicts.back() == Verdict::admitted);
}

TEST_CASE("a peer over its limit is closed at once if refused_max is 0") {
  AcceptLoopFixture fixture(
      {.connections_max = 9, .connections_per_peer_max = 1, .refused_max = 0});
  CHECK_FALSE(is_closed(fixture.connect()));
  CHECK(is_closed(fixture.connect()));
  CHECK(fixture.verdicts.size() == 1);
}

TEST_CASE("the limit per address doesn't apply to exempt peers") {
  AcceptLoopFixture fixture({.connections_max = 9, .connections_per_peer_max = 1, .refused_max = 0},
                            true);
  for (int i = 0; i < 3; ++i) fixture.connect();
  CHECK(fixture.verdicts == std::vector(3, Verdict::admitted));
}

TEST_CASE("without free descriptors, an idle connection makes room for a new one") {
  AcceptLoopFixture fixture(
      {.connections_max = 9, .connections_per_peer_max = 9, .refused_max = 0});
  tcp::socket& oldest = fixture.connect();
  tcp::socket& busy = fixture.connect();
  tcp::socket& late = fixture.open_client();
  fixture.idle = 1;
  const NoDescriptors none;
  fixture.connect(late);
  CHECK(fixture.verdicts == std::vector(3, Verdict::admitted));
  CHECK(is_closed(oldest));
  CHECK_FALSE(is_closed(busy));
  CHECK_FALSE(is_closed(late));
}

TEST_CASE("if something else takes each descriptor, connections aren't all closed at once") {
  constexpr int connections = 20;
  AcceptLoopFixture fixture(
      {.connections_max = 99, .connections_per_peer_max = 99, .refused_max = 0});
  for (int i = 0; i < connections; ++i) fixture.connect();
  tcp::socket& late = fixture.open_client();
  fixture.idle = connections;
  std::vector<int> taken;
  fixture.on_drop = [&] { taken.push_back(open_descriptor()); };
  {
    const NoDescriptors none;
    fixture.connect(late);
    CHECK(fixture.idle > 0);
    CHECK(fixture.idle < connections);
    CHECK(fixture.verdicts.size() == connections);
  }
  // The loop has paused, and accepts the connection afterwards.
  const samoyed::test::Wait wait("the loop to accept a connection");
  while (fixture.verdicts.size() == connections) fixture.settle();
  CHECK_FALSE(is_closed(late));
  for (const int descriptor : taken) close(descriptor);
}

TEST_CASE("a stopped loop closes its port, even while it is full") {
  const std::size_t connections_max = GENERATE(1u, 9u);
  AcceptLoopFixture fixture(
      {.connections_max = connections_max, .connections_per_peer_max = 9, .refused_max = 0});
  fixture.connect();
  fixture.stop();
  CHECK(fixture.ended);
  CHECK_THROWS(fixture.connect());
}
