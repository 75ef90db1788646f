#include "web/http/body_pace.hpp"

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"

namespace samoyed::web {
namespace {

using namespace std::chrono_literals;

/// How long a body takes that arrives at `rate` bytes per second, in a piece each second. Negative
/// if it is too slow.
std::chrono::seconds arrive(std::uint64_t bytes, std::uint64_t rate) {
  BodyPace pace(1000, 20s);
  const BodyPace::Clock::time_point start{};
  std::chrono::seconds elapsed{0};
  pace.begin(start);
  for (std::uint64_t sent = 0; sent < bytes; sent += rate) {
    if (pace.until(start + elapsed) < start + elapsed + 1s) return -elapsed;
    elapsed += 1s;
    pace.received(rate);
  }
  return elapsed;
}

TEST_CASE("a photo over a slow line arrives, and a byte per second does not") {
  CHECK(arrive(4'000'000, 20'000) == 200s);
  CHECK(arrive(1'000'000, 1000) == 1000s);
  CHECK(arrive(1'000'000, 900) < 0s);
  CHECK(arrive(1000, 1) == -20s);
}

TEST_CASE("a fast beginning doesn't allow a long stall") {
  BodyPace pace(1000, 20s);
  BodyPace::Clock::time_point now{};
  pace.begin(now);
  pace.received(10'000'000);
  CHECK(pace.until(now + 1s) == now + 21s);
  CHECK(pace.until(now + 15s) == now + 21s);
  pace.received(2000);
  CHECK(pace.until(now + 15s) == now + 23s);
}

TEST_CASE("a body that is slower than the least rate gets 408") {
  test::HttpDriver driver;
  driver.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
  CHECK(driver.until == driver.now.steady + driver.timeouts.body_grace);
  driver.advance(driver.timeouts.body_grace - 1s);
  driver.receive("a");
  driver.advance(900ms);
  CHECK(driver.statuses.empty());
  driver.advance(101ms);
  CHECK(driver.statuses == std::vector{408});
  CHECK(driver.closed);
}

TEST_CASE("a connection's first byte has less time than the next request") {
  test::HttpDriver silent;
  silent.step();
  CHECK(silent.until == silent.now.steady + silent.timeouts.first_byte);
  silent.advance(silent.timeouts.first_byte);
  CHECK(silent.closed);
  CHECK(silent.output.empty());

  test::HttpDriver kept;
  kept.receive("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(kept.until == kept.now.steady + kept.timeouts.idle);
}

}  // namespace
}  // namespace samoyed::web
