#include "web/views/statistics_tables.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/history_export.hpp"
#include "web/views/number_text.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using Cells = std::vector<std::string>;

constexpr int time_decimals = 2;

std::string ms(double time) { return fixed_text(time, time_decimals); }

/// `name` is the heading of the row. If it is a time, `utc` is the same time in ISO 8601; otherwise
/// it is empty.
Values table_row(std::string name, std::string utc, const Cells& texts) {
  std::vector<Values> cells;
  for (const std::string& text : texts) cells.push_back({{"text", text}});
  return {{"utc", std::move(utc)}, {"name", std::move(name)}, {"cells", std::move(cells)}};
}

Values time_row(std::int64_t from_ms, const Cells& cells) {
  return table_row(time_text(from_ms), dispatcher::utc_text(from_ms), cells);
}

std::vector<Values> columns_of(std::initializer_list<std::string_view> names) {
  std::vector<Values> columns;
  for (const std::string_view name : names) columns.push_back({{"name", name}});
  return columns;
}

}  // namespace

Table points_table(const StatisticsView& view, SizeColumn size) {
  std::vector<Values> rows;
  for (const auto& point : view.numbers.points) {
    const std::uint64_t number = size == SizeColumn::bytes ? point.image_bytes : point.pixels;
    if (number == 0) continue;
    const auto& times = point.times;
    rows.push_back(table_row(
        std::to_string(number), "",
        {ms(times.total_ms), ms(times.queue_ms), ms(times.decode_ms), ms(times.forward_ms)}));
  }
  const bool bytes = size == SizeColumn::bytes;
  return {bytes ? "Recognitions by file size, times in milliseconds"
                : "Recognitions by number of pixels, times in milliseconds",
          columns_of({bytes ? "Bytes" : "Pixels", "Total", "Queue", "Decoding", "Inference"}),
          std::move(rows)};
}

Table buckets_table(const StatisticsView& view, BucketColumns columns) {
  const bool counts = columns == BucketColumns::count;
  const auto& buckets = view.numbers.buckets;
  std::vector<Values> rows;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    if (bucket->count == 0) continue;
    rows.push_back(time_row(bucket->from_ms, counts ? Cells{std::to_string(bucket->count)}
                                                    : Cells{ms(bucket->p50_ms), ms(bucket->p90_ms),
                                                            ms(bucket->p99_ms)}));
  }
  if (counts) {
    return {"Recognitions per interval", columns_of({"From", "Recognitions"}), std::move(rows)};
  }
  return {"Percentiles of the recognition time in milliseconds",
          columns_of({"From", "Median", "90th percentile", "99th percentile"}), std::move(rows)};
}

Table workers_table(const StatisticsView& view) {
  std::vector<Values> rows;
  for (const auto& totals : view.numbers.workers) {
    rows.push_back(
        table_row(totals.worker, "", {std::to_string(totals.count), ms(totals.mean_ms)}));
  }
  return {"Recognitions by worker, times in milliseconds",
          columns_of({"Worker", "Recognitions", "Mean time"}), std::move(rows)};
}

}  // namespace samoyed::web
