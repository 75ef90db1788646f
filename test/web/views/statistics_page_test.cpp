#include "web/views/statistics_page.hpp"

#include <catch2/catch.hpp>

#include "web/http/http_driver.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryStatistics;
using test::count_of;

HistoryStatistics numbers() {
  HistoryStatistics numbers;
  numbers.rows = 3;
  numbers.points = {{1000, 60000, {1, 2, 3, 4, 5, 20}}, {2000000, 0, {0, 0, 0, 0, 0, 40}}};
  numbers.buckets = {{1769857200000, 0, 0, 0, 0}, {1769860800000, 3, 20, 40, 41}};
  numbers.workers = {{"kennel:8888", 3, 30}};
  numbers.summary = {20, 40, 41, {1, 1, 2, 1, 4, 16}};
  return numbers;
}

std::string page_of(const StatisticsView& view) { return statistics_page(view, {}); }

TEST_CASE("each chart has a table of its numbers below it") {
  const auto counted = numbers();
  const std::string page = page_of(
      {.numbers = counted, .range = time_ranges[1], .everyone = true, .workers_visible = true});
  for (const std::string_view chart : {"bytes", "pixels", "throughput", "latency", "workers"}) {
    INFO(chart);
    CHECK(count_of(page, "data-chart=\"" + std::string(chart) + "\"") == 1);
  }
  CHECK(count_of(page, "<canvas role=\"img\" aria-label=\"") == 5);
  CHECK(count_of(page, "<details>") == 5);
  CHECK(count_of(page, "<table>") == 5);
  for (const std::string_view row :
       {"<bdi>1000</bdi></th><td>20.00</td><td>1.00</td><td>3.00</td><td>5.00</td>",
        "<bdi>2000000</bdi></th><td>40.00</td>", "<bdi>60000</bdi></th><td>20.00</td>",
        "2026-01-31 12:00:00 UTC</time></th><td>3</td>",
        "2026-01-31 12:00:00 UTC</time></th><td>20.00</td><td>40.00</td><td>41.00</td>",
        "<bdi>kennel:8888</bdi></th><td>3</td><td>30.00</td>"}) {
    INFO(row);
    CHECK(count_of(page, row) == 1);
  }
  // Images of unknown size and intervals without recognitions have no rows.
  CHECK(count_of(page, "<bdi>0</bdi>") == 0);
  CHECK(count_of(page, "11:00:00 UTC") == 0);
  CHECK(count_of(page, "data-numbers=\"/api/v1/statistics?range=day&amp;all=true\"") == 1);
  CHECK(count_of(page, "Only the newest 2 are drawn.") == 2);
}

TEST_CASE("the summary shows where the time goes") {
  const auto counted = numbers();
  const std::string page = page_of({.numbers = counted, .everyone = true});
  for (const std::string_view part :
       {"3 recognitions for all visitors in the last hour.", "20.0 ms", "40.0 ms", "41.0 ms",
        "Queue <b>1.0 ms</b> 6%", "Decoding <b>3.0 ms</b> 19%", "Inference <b>4.0 ms</b> 25%",
        "Other <b>8.0 ms</b> 50%", "x=\"50.000\" width=\"50.000\""}) {
    INFO(part);
    CHECK(count_of(page, part) == 1);
  }
}

TEST_CASE("phases that add up to more than the total leave nothing for other time") {
  auto odd = numbers();
  odd.summary.mean = {10, 0, 0, 0, 10, 5};
  CHECK(count_of(page_of({.numbers = odd}), "Other <b>0.0 ms</b> 0%") == 1);
  odd.summary.mean = {};
  CHECK(count_of(page_of({.numbers = odd}), "class=\"phases\"") == 0);
}

TEST_CASE("links choose the time range, and whose statistics if there is a choice") {
  const auto counted = numbers();
  const std::string open = page_of(
      {.numbers = counted, .range = time_ranges[2], .everyone = true, .workers_visible = true});
  CHECK(count_of(open, "href=\"/stats?range=hour&amp;all=true\"><bdi>Hour") == 1);
  CHECK(count_of(open, "href=\"/stats?range=week&amp;all=true\" aria-current=\"page\"><bdi>Week") ==
        1);
  CHECK(count_of(open, "href=\"/stats?range=week&amp;all=false\"><bdi>Mine") == 1);
  const std::string own = page_of({.numbers = counted});
  CHECK(count_of(own, "href=\"/stats?range=hour&amp;all=false\" aria-current=\"page\"><bdi>Hour") ==
        1);
  CHECK(count_of(own, "><bdi>Mine<") == 0);
  CHECK(count_of(own, "in this browser in the last hour.") == 1);
  CHECK(count_of(page_of({.numbers = counted, .by_address = true}), "from your address") == 1);
}

TEST_CASE("links choose the model if there is more than one") {
  auto counted = numbers();
  CHECK(count_of(page_of({.numbers = counted}), "All models") == 0);
  counted.models = {"only"};
  CHECK(count_of(page_of({.numbers = counted}), "All models") == 0);
  counted.models = {"SqueezeNet 1.1", "", "<b>"};
  const std::string all = page_of({.numbers = counted});
  CHECK(count_of(all, "href=\"/stats?range=hour&amp;all=false\" aria-current=\"page\"><bdi>All") ==
        1);
  CHECK(count_of(all,
                 "href=\"/stats?range=hour&amp;all=false&amp;model=SqueezeNet%201.1\"><bdi>"
                 "SqueezeNet 1.1</bdi>") == 1);
  CHECK(count_of(all, "model=%3Cb%3E\"><bdi>&lt;b&gt;</bdi>") == 1);
  CHECK(count_of(all, "<bdi></bdi></a>") == 0);
  // A model without recognitions in this range is still the chosen one.
  counted.models = {"only"};
  const std::string one = page_of({.numbers = counted, .model = "gone"});
  CHECK(count_of(one, "model=gone\" aria-current=\"page\"><bdi>gone</bdi>") == 1);
  CHECK(count_of(one, "model=only\"><bdi>only</bdi>") == 1);
  CHECK(count_of(one, "3 recognitions by the chosen model in this browser") == 1);
  CHECK(count_of(one, "href=\"/stats?range=week&amp;all=false&amp;model=gone\"") == 1);
  CHECK(count_of(one,
                 "data-numbers=\"/api/v1/statistics?range=hour&amp;all=false&amp;model=gone") == 1);
}

TEST_CASE("the page says how accurate percentiles are that aren't exact") {
  auto counted = numbers();
  CHECK(count_of(page_of({.numbers = counted}), "accurate to 1%") == 0);
  counted.percentile_error_max = 0.0078;
  CHECK(count_of(page_of({.numbers = counted}), "accurate to 1%") == 1);
}

TEST_CASE("a range without recognitions has no charts, and a truncated one says so") {
  const HistoryStatistics none;
  const std::string page = page_of({.numbers = none});
  CHECK(count_of(page, "No pictures were recognized in this time range.") == 1);
  CHECK(count_of(page, "<canvas") == 0);
  auto truncated = numbers();
  truncated.truncated = true;
  CHECK(count_of(page_of({.numbers = truncated}), "the oldest are left out") == 1);
}

TEST_CASE("the statistics obey the Content-Security-Policy") {
  auto bad = numbers();
  bad.workers = {{"\"><script>alert('1')</script>", 1, 1}};
  const std::string page = page_of({.numbers = bad, .workers_visible = true});
  for (const std::string_view part :
       {"<script>", "alert('", " style=", " onclick", "<style", "{{"}) {
    INFO(part);
    CHECK(count_of(page, part) == 0);
  }
  CHECK(count_of(page, "<script") == count_of(page, "<script src=\"/assets/"));
}

}  // namespace
}  // namespace samoyed::web
