#include "web/views/time_range.hpp"

#include <catch2/catch.hpp>

namespace samoyed::web {
namespace {

TEST_CASE("the last bucket contains now, and all buckets start at multiples of their length") {
  const TimeRange range = GENERATE(from_range(time_ranges));
  const std::int64_t now_ms = GENERATE(1769860800000, 1769860800123, 1769903999999);
  INFO(range.name << " at " << now_ms);
  CHECK(range.until_ms(now_ms) % range.bucket_ms == 0);
  CHECK(range.until_ms(now_ms) > now_ms);
  CHECK(range.until_ms(now_ms) - range.bucket_ms <= now_ms);
  CHECK((range.until_ms(now_ms) - range.from_ms(now_ms)) ==
        range.bucket_ms * static_cast<std::int64_t>(range.buckets));
}

TEST_CASE("each range is as long as its name says") {
  const std::int64_t hour_ms = 3600000;
  CHECK(find_range("hour")->until_ms(0) - find_range("hour")->from_ms(0) == hour_ms);
  CHECK(find_range("day")->until_ms(0) - find_range("day")->from_ms(0) == 24 * hour_ms);
  CHECK(find_range("week")->until_ms(0) - find_range("week")->from_ms(0) == 7 * 24 * hour_ms);
  CHECK(find_range("month")->until_ms(0) - find_range("month")->from_ms(0) == 30 * 24 * hour_ms);
  CHECK_FALSE(find_range("year"));
}

}  // namespace
}  // namespace samoyed::web
