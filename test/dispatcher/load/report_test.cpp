#include "dispatcher/load/report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace samoyed::load;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const Clock::time_point report_begin{1000s};

Tally some_answers() {
  Tally tally({report_begin, report_begin + 2s});
  for (int us = 1; us <= 1000; ++us) {
    tally.ended(report_begin, report_begin + std::chrono::microseconds(us), {});
  }
  tally.ended(report_begin, report_begin + 1ms,
              {.kind = Ending::Kind::refused, .why = "503 all_busy"});
  return tally;
}

}  // namespace

TEST_CASE("a closed loop's report as JSON") {
  json slowest = json::array();
  for (int us = 1000; us > 1000 - 16; --us) slowest.push_back(us / 1000.0);
  const RunFacts facts{.target = "worker [::1]:8888", .clients = 4, .generator_cores = 0.25};
  CHECK(json::parse(format_json(facts, some_answers())) ==
        json{{"target", "worker [::1]:8888"},
             {"clients", 4},
             {"seconds", 2.0},
             {"sent", 1001},
             {"recognized", 1000},
             {"refused", {{"503 all_busy", 1}}},
             {"failed", json::object()},
             {"goodput_per_s", 500.0},
             {"throughput_per_s", 500.5},
             {"latency_ms",
              {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}}},
             {"slowest_ms", slowest},
             {"generator_cores", 0.25}});
}

TEST_CASE("an open loop's report has rate and seed, and no latency if no image was recognized") {
  const RunFacts facts{.target = "http://a:80/", .rate_per_s = 12.5, .seed = 9};
  const json value = json::parse(format_json(facts, Tally({report_begin, report_begin + 1s})));
  CHECK(value["rate_per_s"] == 12.5);
  CHECK(value["seed"] == 9);
  CHECK_FALSE(value.contains("clients"));
  CHECK(value["latency_ms"].is_null());
  CHECK(value["slowest_ms"].empty());
}

TEST_CASE("a report as text") {
  const RunFacts facts{
      .target = "http://a:80/", .rate_per_s = 12.5, .seed = 9, .generator_cores = 0.126};
  CHECK(format_text(facts, some_answers()) ==
        "http://a:80/: 12.5 per second at random times, seed 9, 2 s\n"
        "sent 1001, recognized 1000; refused: 1 x 503 all_busy; failed: none\n"
        "recognized 500.0 per second (goodput), answered 500.5 per second\n"
        "latency in ms: p50 0.500, p90 0.900, p99 0.990, p99.9 0.999, max 1.000\n"
        "the load generator used 0.13 cores\n");
}

TEST_CASE("a reason of a service can't control a terminal") {
  Tally tally({report_begin, report_begin + 2s});
  tally.ended(report_begin, report_begin + 1ms,
              {.kind = Ending::Kind::refused, .why = "503 \u009B2J\x7F\x1b[m"});
  const std::string text = format_text({.target = "http://a:80/"}, tally);
  CHECK(text.find("1 x 503 \uFFFD2J\uFFFD\uFFFD[m") != text.npos);
  const std::string line = format_json({.target = "http://a:80/"}, tally);
  CHECK(line.find("503 \\u009b2J\\u007f\\u001b[m") != line.npos);
}
