#include "dispatcher/postgres/lease.hpp"

#include <catch2/catch.hpp>

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
