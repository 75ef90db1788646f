#include "dispatcher/load/tally.hpp"

#include <catch2/catch.hpp>

using namespace samoyed::load;
using namespace std::chrono_literals;

namespace {

const Clock::time_point begin{1000s};
const Tally::Window window{begin, begin + 10s};
const Ending recognized{};
const Ending busy{.kind = Ending::Kind::refused, .why = "busy"};
const Ending lost{.kind = Ending::Kind::failed, .why = "Connection reset by peer"};

}  // namespace

TEST_CASE("the images sent are those recognized, refused and failed") {
  Tally tally(window);
  for (int i = 0; i < 7; ++i) tally.ended(begin + 1s, begin + 2s, recognized);
  for (int i = 0; i < 2; ++i) tally.ended(begin + 1s, begin + 2s, busy);
  tally.ended(begin + 1s, begin + 2s, {.kind = Ending::Kind::refused, .why = "unreadable"});
  tally.ended(begin + 1s, begin + 2s, lost);
  CHECK(tally.sent() == 11);
  CHECK(tally.recognized() == 7);
  CHECK(tally.refused() == std::map<std::string, std::uint64_t>{{"busy", 2}, {"unreadable", 1}});
  CHECK(tally.failed() == std::map<std::string, std::uint64_t>{{"Connection reset by peer", 1}});
  CHECK(tally.throughput_per_s() == 1.0);
  CHECK(tally.goodput_per_s() == 0.7);
}

TEST_CASE("counts depend on when an image was due, rates on when its answer arrived") {
  struct Case {
    std::chrono::milliseconds due, end;
    bool counted, rated;
  };
  const Case table[] = {{-1ms, 0ms, false, true},       {-2ms, -1ms, false, false},
                        {0ms, 1ms, true, true},         {9999ms, 9999ms, true, true},
                        {9999ms, 10000ms, true, false}, {10000ms, 10001ms, false, false}};
  for (const Case& one : table) {
    Tally tally(window);
    tally.ended(begin + one.due, begin + one.end, recognized);
    INFO("due at " << one.due.count() << " ms, answered at " << one.end.count() << " ms");
    CHECK(tally.sent() == one.counted);
    CHECK(tally.latency().count() == one.counted);
    CHECK(tally.goodput_per_s() == (one.rated ? 0.1 : 0));
  }
}

TEST_CASE("latency starts when an image is due, and covers recognized images only") {
  Tally tally(window);
  tally.ended(begin, begin + 1500us, recognized);
  tally.ended(begin, begin + 10us, busy);
  tally.ended(begin, begin + 9s, lost);
  CHECK(tally.latency().count() == 1);
  CHECK(tally.latency().percentile(1) == 1500us);
}

TEST_CASE("the times of steps and of the worker are recorded if they are known") {
  Tally tally(window);
  tally.ended(begin, begin + 1ms, recognized);
  CHECK(tally.steps().size.count() == 0);
  CHECK(tally.phases().queue.count() == 0);
  tally.ended(begin, begin + 1ms,
              {.steps = StepTimes{10us, 20us, 970us},
               .worker_times = samoyed::protocol::PhaseTimes{0.1, 0.2, 0.3, 0.4}});
  CHECK(tally.steps().size.percentile(1) == 10us);
  CHECK(tally.steps().image.percentile(1) == 20us);
  CHECK(tally.steps().result.percentile(1) == 970us);
  CHECK(tally.phases().queue.percentile(1) == 100us);
  CHECK(tally.phases().decode.percentile(1) == 200us);
  CHECK(tally.phases().resize.percentile(1) == 300us);
  CHECK(tally.phases().forward.percentile(1) == 400us);
}
