#include "dispatcher/postgres/statistics_query.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dispatcher/history/history_rows.hpp"
#include "dispatcher/history/interval_totals.hpp"

namespace samoyed::dispatcher::postgres {
namespace {

using Json = nlohmann::json;

constexpr std::string_view percentiles =
    "count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY total_ms),"
    " percentile_disc(0.9) WITHIN GROUP (ORDER BY total_ms),"
    " percentile_disc(0.99) WITHIN GROUP (ORDER BY total_ms)";

/// The conditions on the interval `$from` to `$until`, the visitor `$3` and the model `$4`.
std::string condition(const HistoryStatisticsQuery& query, const std::string& from,
                      const std::string& until, bool with_model) {
  std::string sql =
      " FROM recognition WHERE time_ms >= " + from + "::bigint AND time_ms < " + until + "::bigint";
  if (query.visitor) sql += " AND visitor = $3";
  if (query.model && with_model) sql += " AND model = $4";
  return sql;
}

/// One statement, so that all numbers are of the same moment. It returns JSON arrays: the buckets,
/// the summary, the workers, the points, the models, and whether rows were left out.
std::string statistics_sql(const HistoryStatisticsQuery& query) {
  const std::string limits[] = {
      std::to_string(HistoryStatistics::rows_max), std::to_string(HistoryStatistics::rows_max + 1),
      std::to_string(HistoryStatistics::worker_totals_max),
      std::to_string(HistoryStatistics::points_max), std::to_string(HistoryStatistics::models_max)};
  const std::string all_percentiles(percentiles);
  return "WITH fetched AS MATERIALIZED (SELECT id, time_ms, worker, image_bytes,"
         " width::bigint * height AS pixels, queue_ms, transfer_ms, decode_ms, resize_ms,"
         " forward_ms, total_ms" +
         condition(query, "$1", "$2", true) + " ORDER BY time_ms DESC, id DESC LIMIT " + limits[1] +
         "), counted AS MATERIALIZED (SELECT * FROM fetched LIMIT " + limits[0] +
         // The last bucket that begins at or before the row.
         "), buckets AS (SELECT json_build_array(width_bucket(time_ms, $7::bigint[]), " +
         all_percentiles +
         ") AS entry FROM counted GROUP BY width_bucket(time_ms, $7::bigint[])"
         "), workers AS (SELECT json_build_array(worker, count(*), avg(total_ms)) AS entry"
         " FROM counted GROUP BY worker ORDER BY count(*) DESC, worker COLLATE \"C\" LIMIT " +
         limits[2] +
         "), points AS (SELECT json_build_array(image_bytes, pixels, queue_ms, transfer_ms,"
         " decode_ms, resize_ms, forward_ms, total_ms) AS entry FROM counted"
         " ORDER BY time_ms DESC, id DESC LIMIT " +
         limits[3] + "), models AS (SELECT model AS entry" + condition(query, "$5", "$6", false) +
         " GROUP BY model ORDER BY count(*) DESC, model COLLATE \"C\" LIMIT " + limits[4] +
         ") SELECT (SELECT coalesce(json_agg(entry), '[]') FROM buckets),"
         " (SELECT json_build_array(" +
         all_percentiles +
         ", avg(queue_ms), avg(transfer_ms), avg(decode_ms), avg(resize_ms), avg(forward_ms),"
         " avg(total_ms)) FROM counted),"
         " (SELECT coalesce(json_agg(entry), '[]') FROM workers),"
         " (SELECT coalesce(json_agg(entry), '[]') FROM points),"
         " (SELECT coalesce(json_agg(entry), '[]') FROM models),"
         " (SELECT count(*) FROM fetched) > " +
         limits[0] +
         // All values are used, so that their types are known.
         " WHERE ($3::text, $4::text) IS NOT DISTINCT FROM ($3::text, $4::text)";
}

std::vector<HistoryStatistics::Bucket> empty_buckets(std::int64_t from_ms, std::int64_t until_ms,
                                                     std::size_t count) {
  std::vector<HistoryStatistics::Bucket> buckets;
  const auto length = static_cast<double>(until_ms - from_ms) / static_cast<double>(count);
  for (std::size_t index = 0; index < count; ++index) {
    const auto offset = static_cast<std::int64_t>(length * static_cast<double>(index));
    buckets.push_back({.from_ms = from_ms + offset});
  }
  return buckets;
}

/// The begins of the buckets, as an array of PostgreSQL.
std::string array_of_begins(const std::vector<HistoryStatistics::Bucket>& buckets) {
  std::string array;
  for (const auto& bucket : buckets) {
    array += (array.empty() ? "{" : ",") + std::to_string(bucket.from_ms);
  }
  return array + "}";
}

HistoryTimes read_times(const Json& entry, std::size_t first) {
  return {.queue_ms = entry.at(first),
          .transfer_ms = entry.at(first + 1),
          .decode_ms = entry.at(first + 2),
          .resize_ms = entry.at(first + 3),
          .forward_ms = entry.at(first + 4),
          .total_ms = entry.at(first + 5)};
}

void read_result(const Result& row, HistoryStatistics& result) {
  for (const Json& entry : Json::parse(row.text(0, 0))) {
    auto& bucket = result.buckets.at(entry.at(0).get<std::size_t>() - 1);
    bucket.count = entry.at(1);
    bucket.p50_ms = entry.at(2);
    bucket.p90_ms = entry.at(3);
    bucket.p99_ms = entry.at(4);
  }
  const Json summary = Json::parse(row.text(0, 1));
  result.rows = summary.at(0);
  if (result.rows > 0) {
    result.summary = {.p50_ms = summary.at(1),
                      .p90_ms = summary.at(2),
                      .p99_ms = summary.at(3),
                      .mean = read_times(summary, 4)};
  }
  for (const Json& entry : Json::parse(row.text(0, 2))) {
    result.workers.push_back({.worker = entry.at(0).get<std::string>(),
                              .count = entry.at(1).get<std::size_t>(),
                              .mean_ms = entry.at(2).get<double>()});
  }
  for (const Json& entry : Json::parse(row.text(0, 3))) {
    result.points.push_back({.image_bytes = entry.at(0).get<std::uint64_t>(),
                             .pixels = entry.at(1).get<std::uint64_t>(),
                             .times = read_times(entry, 2)});
  }
  for (const Json& entry : Json::parse(row.text(0, 4))) {
    result.models.push_back(entry.get<std::string>());
  }
  result.truncated = row.boolean(0, 5);
}

}  // namespace

HistoryStatistics find_statistics(Connection& connection, const HistoryStatisticsQuery& query) {
  const std::int64_t from_ms = query.from_ms;
  const std::int64_t until_ms = std::max(query.until_ms, from_ms + 1);
  HistoryStatistics result;
  result.buckets =
      empty_buckets(from_ms, until_ms,
                    std::clamp<std::size_t>(query.buckets, 1, HistoryStatisticsQuery::buckets_max));
  Params params;
  params.add(from_ms)
      .add(until_ms)
      .add(query.visitor.value_or(""))
      .add(cut_text(query.model.value_or("")))
      .add(interval_of(from_ms) * statistics_interval_ms)
      .add((interval_of(until_ms - 1) + 1) * statistics_interval_ms)
      .add(array_of_begins(result.buckets));
  const Result row = connection.run(statistics_sql(query), params);
  try {
    read_result(row, result);
  } catch (const Json::exception& error) {
    throw StorageError("the database's statistics can't be read: " + std::string(error.what()));
  }
  return result;
}

}  // namespace samoyed::dispatcher::postgres
