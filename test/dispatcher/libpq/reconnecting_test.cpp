#include "dispatcher/libpq/reconnecting.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher::postgres;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a new backoff has been due for a time that can be computed") {
  const auto now = Backoff::Clock::now();
  CHECK(Backoff().is_due(now));
  CHECK(now - Backoff().due() > Backoff::Clock::duration(0));
}

TEST_CASE("the pauses between attempts to connect double up to 5 s") {
  Backoff backoff;
  auto now = Backoff::Clock::time_point(seconds(1000));
  CHECK(backoff.is_due(now));
  for (const int pause_ms : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    backoff.failed(now, 1);
    CHECK(backoff.due() == now + milliseconds(pause_ms));
    CHECK_FALSE(backoff.is_due(now));
    now = backoff.due();
    CHECK(backoff.is_due(now));
  }
  backoff.failed(now, 0);
  CHECK(backoff.due() == now + milliseconds(2500));
  backoff.succeeded();
  CHECK(backoff.is_due(now));
}

TEST_CASE("a database that can't be reached isn't asked again at once") {
  int opened = 0;
  Reconnecting connection([&]() -> Connection {
    ++opened;
    throw UnavailableError("no route to the host");
  });
  constexpr int calls = 1000;
  for (int call = 0; call < calls; ++call) CHECK_THROWS_AS(connection.get(), UnavailableError);
  CHECK(opened >= 1);
  CHECK(opened < calls);
  CHECK(connection.problem() == "no route to the host");
}

TEST_CASE("a call that finds no connection fails at once, and both are counted") {
  Reconnecting connection([]() -> Connection { throw UnavailableError("no route to the host"); });
  CHECK_THROWS_AS(connection.call([](Connection&) {}), UnavailableError);
  const ConnectionUse use = connection.use();
  CHECK(use.calls.failed == 1);
  CHECK(use.calls.total_s == 0);
  CHECK(use.connect_failures == 1);
  CHECK(use.reconnects == 0);
}
