#include "web/routes/statistics_handlers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "web/routes/handler_fixture.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryStatistics;
using nlohmann::json;
using test::count_of;
using Verdict = AdminGate::Verdict;

/// Helpers that return what requests ask of the history.
template <typename Base>
struct StatisticsAsking : Base {
  dispatcher::HistoryStatisticsQuery query_of(const std::string& target) {
    const std::size_t before = this->history.statistics_queries.size();
    CHECK(this->get(target).status == 200);
    REQUIRE(this->history.statistics_queries.size() == before + 1);
    return this->history.statistics_queries.back();
  }
};

using StatisticsTest = StatisticsAsking<test::HandlerFixture>;
using GuardedStatisticsTest = StatisticsAsking<test::GuardedHandlerFixture>;

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

TEST_CASE_METHOD(StatisticsTest, "statistics cover a time range up to now") {
  context.time_ms = noon_ms;
  CHECK(find_field(get("/stats").fields, "Content-Type") == "text/html; charset=utf-8");
  CHECK(json::parse(get("/api/v1/statistics").body).at("range") == "day");
  const auto day = query_of("/stats");
  CHECK(day.buckets == 48);
  CHECK(day.until_ms == 1769862600000);
  CHECK(day.from_ms == day.until_ms - 24 * 3600 * 1000);
  const Response hour = get("/api/v1/statistics?range=hour");
  CHECK(find_field(hour.fields, "Content-Type") == "application/json");
  CHECK(history.statistics_queries.back().until_ms == 1769860860000);
  for (const std::string query : {"range=", "range=year", "all=maybe", "all="}) {
    INFO(query);
    CHECK(refused("GET", "/stats?" + query) == "bad_parameter");
  }
}

TEST_CASE_METHOD(StatisticsTest, "without a token, everyone sees everyone's statistics") {
  CHECK(!query_of("/stats").visitor);
  CHECK(!query_of("/stats?all=true").visitor);
  CHECK(query_of("/stats?all=false").visitor == "somebody");
}

TEST_CASE_METHOD(GuardedStatisticsTest,
                 "with a token, visitors see statistics of their own results") {
  CHECK(query_of("/stats").visitor == "somebody");
  CHECK(refused("GET", "/api/v1/statistics?all=true") == "token_needed");
  context.admin = Verdict::admitted;
  CHECK(!query_of("/stats").visitor);
  CHECK(query_of("/stats?all=false").visitor == "somebody");
}

TEST_CASE_METHOD(StatisticsTest, "statistics as JSON") {
  history.numbers = some_numbers();
  const Response response = get("/api/v1/statistics?range=hour");
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

TEST_CASE_METHOD(StatisticsTest, "statistics without results are null") {
  const json none = json::parse(get("/api/v1/statistics").body);
  CHECK(none.at("summary") == json::parse(R"({"percentiles_ms": null, "mean_times_ms": null})"));
}

TEST_CASE_METHOD(GuardedStatisticsTest,
                 "statistics hide workers from clients who may not see them") {
  history.numbers = some_numbers();
  for (const std::string path : {"/stats", "/api/v1/statistics"}) {
    const Response hidden = get(path);
    CHECK(count_of(hidden.body, "kennel") == 0);
    CHECK(count_of(hidden.body, "\"workers\"") == 0);
  }
  context.admin = Verdict::admitted;
  CHECK(count_of(get("/stats").body, "kennel:8888") == 1);
}

TEST_CASE_METHOD(StatisticsTest, "too many statistics at once are rejected for now") {
  history.statistics_busy = true;
  for (const std::string path : {"/stats", "/api/v1/statistics"}) {
    const Response refused = get(path);
    CHECK(refused.status == 503);
    CHECK(find_field(refused.fields, "Samoyed-Reason") == "overloaded");
    CHECK(!find_field(refused.fields, "Retry-After").empty());
  }
}

TEST_CASE_METHOD(StatisticsTest, "statistics can be limited to a model") {
  CHECK(!query_of("/stats").model);
  CHECK(query_of("/stats?model=SqueezeNet%201.1").model == "SqueezeNet 1.1");
  CHECK(refused("GET", "/stats?model=") == "bad_parameter");
  CHECK(refused("GET", "/api/v1/statistics?model=" + std::string(257, 'm')) == "bad_parameter");
  history.numbers = some_numbers();
  history.numbers.models = {"large", "small"};
  history.numbers.percentile_error_max = 0.0078125;
  const json some = json::parse(get("/api/v1/statistics?model=small").body);
  CHECK(some.at("model") == "small");
  CHECK(some.at("models") == json::parse(R"(["large", "small"])"));
  CHECK(some.at("percentile_error_max") == 0.0078125);
  CHECK(json::parse(get("/api/v1/statistics").body).at("model") == nullptr);
}

}  // namespace
}  // namespace samoyed::web
