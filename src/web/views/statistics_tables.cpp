#include "web/views/statistics_tables.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "samoyed/dispatcher/history_export.hpp"
#include "samoyed_web_files.hpp"
#include "web/views/number_text.hpp"
#include "web/views/units_text.hpp"

namespace samoyed::web {
namespace {

using Cells = std::vector<std::string>;

constexpr int time_decimals = 2;

std::string ms(double time) { return fixed_text(time, time_decimals); }

/// The first cell names its row.
Html row_of(const Cells& cells) {
  Html row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += Html::fill(i == 0 ? files::row_name_html : files::cell_html, {{"text", cells[i]}});
  }
  return Html::fill(files::table_row_html, {{"cells", row}});
}

Html table_of(std::string_view caption, std::initializer_list<std::string_view> columns,
              const Html& rows) {
  Html head;
  for (const std::string_view column : columns) {
    head += Html::fill(files::column_html, {{"name", column}});
  }
  return Html::fill(files::numbers_html, {{"caption", caption}, {"head", head}, {"rows", rows}});
}

Html time_row(std::int64_t from_ms, const Cells& cells) {
  Html row = Html::fill(files::row_time_html,
                        {{"utc", dispatcher::utc_text(from_ms)}, {"time", time_text(from_ms)}});
  for (const std::string& text : cells) row += Html::fill(files::cell_html, {{"text", text}});
  return Html::fill(files::table_row_html, {{"cells", row}});
}

}  // namespace

Html points_table(const StatisticsView& view, SizeColumn size) {
  Html rows;
  for (const auto& point : view.numbers.points) {
    const std::uint64_t number = size == SizeColumn::bytes ? point.image_bytes : point.pixels;
    if (number == 0) continue;
    const auto& times = point.times;
    rows += row_of({std::to_string(number), ms(times.total_ms), ms(times.queue_ms),
                    ms(times.decode_ms), ms(times.forward_ms)});
  }
  const bool bytes = size == SizeColumn::bytes;
  return table_of(bytes ? "Recognitions by their file's bytes, times in milliseconds"
                        : "Recognitions by their pixels, times in milliseconds",
                  {bytes ? "Bytes" : "Pixels", "Total", "Queue", "Decoding", "Inference"}, rows);
}

Html buckets_table(const StatisticsView& view, BucketColumns columns) {
  const bool counts = columns == BucketColumns::count;
  const auto& buckets = view.numbers.buckets;
  Html rows;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    if (bucket->count == 0) continue;
    rows += time_row(bucket->from_ms,
                     counts ? Cells{std::to_string(bucket->count)}
                            : Cells{ms(bucket->p50_ms), ms(bucket->p90_ms), ms(bucket->p99_ms)});
  }
  if (counts) return table_of("Recognitions by time", {"From", "Recognitions"}, rows);
  return table_of("Percentiles of a recognition's time, in milliseconds",
                  {"From", "Median", "90th percentile", "99th percentile"}, rows);
}

Html workers_table(const StatisticsView& view) {
  Html rows;
  for (const auto& share : view.numbers.workers) {
    rows += row_of({share.worker, std::to_string(share.count), ms(share.mean_ms)});
  }
  return table_of("Recognitions by worker, times in milliseconds",
                  {"Worker", "Recognitions", "Mean time"}, rows);
}

}  // namespace samoyed::web
