#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/errand_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryStatistics;
using nlohmann::json;
using test::count_of;
using StatisticsTest = test::ErrandTest;
using GuardedStatisticsTest = test::GuardedErrandTest;
using Verdict = AdminGate::Verdict;

constexpr std::int64_t noon_ms = 1769860800123;

HistoryStatistics some_numbers() {
  HistoryStatistics numbers;
  numbers.rows = 2;
  numbers.points = {{1000, 60000, {1, 2, 3, 4, 5, 20}}, {2000000, 0, {0, 0, 0, 0, 0, 40}}};
  numbers.buckets = {{1769857200000, 0, 0, 0, 0}, {1769860800000, 2, 20, 40, 40}};
  numbers.workers = {{"kennel:8888", 2, 30}};
  numbers.summary = {20, 40, 40, {0.5, 1, 1.5, 2, 2.5, 30}};
  return numbers;
}

TEST_CASE_METHOD(StatisticsTest, "statistics cover a time up to now") {
  visit.time_ms = noon_ms;
  const auto day = planned<CountResults>("GET", "/stats");
  CHECK(day.style == Style::page);
  CHECK(day.range.name == "day");
  CHECK(day.query.buckets == 48);
  CHECK(day.query.until_ms == 1769862600000);
  CHECK(day.query.from_ms == day.query.until_ms - 24 * 3600 * 1000);
  const auto hour = planned<CountResults>("GET", "/api/v1/statistics?range=hour");
  CHECK(hour.style == Style::api);
  CHECK(hour.query.until_ms == 1769860860000);
  for (const std::string query : {"range=", "range=year", "all=maybe", "all="}) {
    INFO(query);
    CHECK(refused("GET", "/stats?" + query) == "bad_parameter");
  }
}

TEST_CASE_METHOD(StatisticsTest, "without a token everyone's numbers are everyone's") {
  CHECK(!planned<CountResults>("GET", "/stats").query.visitor);
  CHECK(!planned<CountResults>("GET", "/stats?all=true").query.visitor);
  CHECK(planned<CountResults>("GET", "/stats?all=false").query.visitor == "somebody");
}

TEST_CASE_METHOD(GuardedStatisticsTest, "with a token a visitor sees the numbers of own results") {
  CHECK(planned<CountResults>("GET", "/stats").query.visitor == "somebody");
  CHECK(refused("GET", "/api/v1/statistics?all=true") == "token_needed");
  visit.admin = Verdict::admitted;
  CHECK(!planned<CountResults>("GET", "/stats").query.visitor);
  CHECK(planned<CountResults>("GET", "/stats?all=false").query.visitor == "somebody");
}

TEST_CASE_METHOD(StatisticsTest, "numbers for programs") {
  const auto asked = planned<CountResults>("GET", "/api/v1/statistics?range=hour");
  const Response response = routes.statistics().counted(asked, some_numbers(), visit);
  const json answer = json::parse(response.body);
  CHECK(answer.at("range") == "hour");
  CHECK(answer.at("everyone") == true);
  CHECK(answer.at("count") == 2);
  CHECK(answer.at("cut") == false);
  CHECK(answer.at("summary") == json::parse(R"({
      "percentiles_ms": {"p50": 20.0, "p90": 40.0, "p99": 40.0},
      "mean_times_ms": {"queue": 0.5, "transfer": 1.0, "decode": 1.5, "resize": 2.0, "forward": 2.5,
                        "total": 30.0}})"));
  CHECK(answer.at("buckets")[0] ==
        json::parse(R"({"from": "2026-01-31T11:00:00.000Z", "count": 0, "percentiles_ms": null})"));
  CHECK(answer.at("buckets")[1].at("percentiles_ms").at("p90") == 40);
  CHECK(answer.at("points").size() == 2);
  CHECK(answer.at("points")[0].at("image_bytes") == 1000);
  CHECK(answer.at("points")[0].at("times_ms").at("forward") == 5);
  CHECK(answer.at("workers") ==
        json::parse(R"([{"worker": "kennel:8888", "count": 2, "mean_ms": 30.0}])"));
}

TEST_CASE_METHOD(StatisticsTest, "numbers of nothing are null, and many points are cut") {
  const auto asked = planned<CountResults>("GET", "/api/v1/statistics");
  const json none = json::parse(routes.statistics().counted(asked, {}, visit).body);
  CHECK(none.at("summary") == json::parse(R"({"percentiles_ms": null, "mean_times_ms": null})"));
  HistoryStatistics many;
  many.points.resize(501);
  many.rows = 501;
  CHECK(json::parse(routes.statistics().counted(asked, many, visit).body).at("points").size() ==
        500);
}

TEST_CASE_METHOD(GuardedStatisticsTest, "who may not see workers sees none in the numbers") {
  for (const std::string path : {"/stats", "/api/v1/statistics"}) {
    const auto asked = planned<CountResults>("GET", path);
    const Response hidden = routes.statistics().counted(asked, some_numbers(), visit);
    CHECK(count_of(hidden.body, "kennel") == 0);
    CHECK(count_of(hidden.body, "\"workers\"") == 0);
  }
  visit.admin = Verdict::admitted;
  const auto asked = planned<CountResults>("GET", "/stats");
  CHECK(count_of(routes.statistics().counted(asked, some_numbers(), visit).body, "kennel:8888") ==
        1);
}

TEST_CASE_METHOD(StatisticsTest, "too many counts at once are told to come again") {
  const Response refused = routes.statistics().overloaded({}, visit);
  CHECK(refused.status == 503);
  CHECK(!find_field(refused.fields, "Retry-After").empty());
}

}  // namespace
}  // namespace samoyed::web
