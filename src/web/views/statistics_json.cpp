#include "web/views/statistics_json.hpp"

#include <nlohmann/json.hpp>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed/dispatcher/recognition_json.hpp"
#include "web/http/bounded_json.hpp"

namespace samoyed::web {
namespace {

using dispatcher::HistoryStatistics;
using Json = nlohmann::ordered_json;

/// Returns null if `count` is 0, because then there are no percentiles.
Json percentiles_json(const auto& of, std::size_t count) {
  if (count == 0) return nullptr;
  return {{"p50", of.p50_ms}, {"p90", of.p90_ms}, {"p99", of.p99_ms}};
}

Json summary_json(const HistoryStatistics& numbers) {
  const bool none = numbers.rows == 0;
  return {{"percentiles_ms", percentiles_json(numbers.summary, numbers.rows)},
          {"mean_times_ms", none ? Json(nullptr) : dispatcher::times_json(numbers.summary.mean)}};
}

Json buckets_json(const HistoryStatistics& numbers) {
  Json buckets = Json::array();
  for (const auto& bucket : numbers.buckets) {
    buckets.push_back({{"from", dispatcher::utc_text(bucket.from_ms)},
                       {"count", bucket.count},
                       {"percentiles_ms", percentiles_json(bucket, bucket.count)}});
  }
  return buckets;
}

Json points_json(const HistoryStatistics& numbers) {
  Json points = Json::array();
  for (const auto& point : numbers.points) {
    points.push_back({{"image_bytes", point.image_bytes},
                      {"pixels", point.pixels},
                      {"times_ms", dispatcher::times_json(point.times)}});
  }
  return points;
}

Json workers_json(const HistoryStatistics& numbers) {
  Json workers = Json::array();
  for (const auto& totals : numbers.workers) {
    workers.push_back(
        {{"worker", totals.worker}, {"count", totals.count}, {"mean_ms", totals.mean_ms}});
  }
  return workers;
}

}  // namespace

std::string statistics_json(const StatisticsView& view) {
  const HistoryStatistics& numbers = view.numbers;
  Json json = {{"range", view.range.name},
               {"from", dispatcher::utc_text(view.from_ms)},
               {"until", dispatcher::utc_text(view.until_ms)},
               {"everyone", view.everyone},
               {"model", view.model ? Json(*view.model) : Json(nullptr)},
               {"models", numbers.models},
               {"count", numbers.rows},
               {"cut", numbers.truncated},
               {"percentile_error_max", numbers.percentile_error_max},
               {"summary", summary_json(numbers)},
               {"buckets", buckets_json(numbers)},
               {"points", points_json(numbers)}};
  if (view.workers_visible) json["workers"] = workers_json(numbers);
  return to_text(json);
}

}  // namespace samoyed::web
