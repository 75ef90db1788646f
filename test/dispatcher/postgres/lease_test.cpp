#include "dispatcher/postgres/lease.hpp"

#include <catch2/catch.hpp>

#include "dispatcher/postgres/reconnecting.hpp"

using namespace samoyed::dispatcher::postgres;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("a dispatcher stops its jobs before others may take them over") {
  Lease lease;
  const auto start = Lease::Clock::time_point(seconds(1000));
  CHECK_FALSE(lease.may_start(start));
  CHECK(lease.must_cancel(start));
  lease.renewed(start);
  CHECK(lease.may_start(start + milliseconds(14999)));
  CHECK_FALSE(lease.may_start(start + seconds(15)));
  CHECK_FALSE(lease.must_cancel(start + milliseconds(19999)));
  CHECK(lease.must_cancel(start + seconds(20)));
  lease.renewed(start + seconds(25));
  CHECK(lease.may_start(start + seconds(26)));
  CHECK(Lease::cancel_after + Lease::renewal_interval < lease_length);
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
