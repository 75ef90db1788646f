#include "dispatcher/history/call_counter.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::dispatcher;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("calls are counted by how they ended and how long they took") {
  CallCounter counter;
  counter.done(milliseconds(0));
  counter.done(milliseconds(1));
  counter.failed(milliseconds(3));
  counter.failed(seconds(60));
  counter.failed_at_once();
  const CallCounts counts = counter.counts();
  CHECK(counts.done == 2);
  CHECK(counts.failed == 3);
  CHECK(counts.total_s == Approx(60.004));
  // Up to 0.5 ms, 1 ms, 2.5 ms, 5 ms and so on; the last bucket is for longer calls than 10 s.
  const decltype(counts.by_length) expected{1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  CHECK(counts.by_length == expected);
}

TEST_CASE("the counts of several connections are added up") {
  CallCounts all{.done = 1, .failed = 2, .by_length = {3, 4}, .total_s = 0.5};
  all += {.done = 10, .failed = 20, .by_length = {30, 0, 50}, .total_s = 5};
  CHECK(all.done == 11);
  CHECK(all.failed == 22);
  CHECK(all.total_s == Approx(5.5));
  const decltype(all.by_length) expected{33, 4, 50};
  CHECK(all.by_length == expected);
}
