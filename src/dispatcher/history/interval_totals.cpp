#include "dispatcher/history/interval_totals.hpp"

#include <algorithm>
#include <utility>

#include "dispatcher/history/statistics.hpp"

namespace samoyed::dispatcher {
namespace {

constexpr double HistoryTimes::*summed_phases[IntervalTotals::phases] = {
    &HistoryTimes::queue_ms,  &HistoryTimes::transfer_ms, &HistoryTimes::decode_ms,
    &HistoryTimes::resize_ms, &HistoryTimes::forward_ms,  &HistoryTimes::total_ms};

double mean_ms(std::int64_t sum_us, std::int64_t count) {
  return static_cast<double>(sum_us) / static_cast<double>(count) / 1000;
}

/// Sets the percentiles of a bucket or a summary.
void set_percentiles(auto& numbers, const TimeHistogram& histogram) {
  numbers.p50_ms = histogram.percentile_ms(0.5);
  numbers.p90_ms = histogram.percentile_ms(0.9);
  numbers.p99_ms = histogram.percentile_ms(0.99);
}

}  // namespace

std::int64_t interval_of(std::int64_t time_ms) {
  const std::int64_t interval = time_ms / statistics_interval_ms;
  return time_ms % statistics_interval_ms < 0 ? interval - 1 : interval;
}

bool consists_of_intervals(const HistoryStatisticsQuery& query) {
  const std::int64_t length = query.until_ms - query.from_ms;
  const auto buckets = static_cast<std::int64_t>(query.buckets);
  return length > 0 && buckets >= 1 && query.buckets <= HistoryStatisticsQuery::buckets_max &&
         query.from_ms % statistics_interval_ms == 0 &&
         length % (buckets * statistics_interval_ms) == 0;
}

void IntervalTotals::add(const HistoryTimes& times, std::int64_t change) {
  count += change;
  for (std::size_t phase = 0; phase < phases; ++phase) {
    sums_us[phase] +=
        change * static_cast<std::int64_t>(to_microseconds(times.*summed_phases[phase]));
  }
  histogram.add(to_microseconds(times.total_ms), change);
}

void IntervalTotals::merge(const IntervalTotals& other) {
  count += other.count;
  for (std::size_t phase = 0; phase < phases; ++phase) sums_us[phase] += other.sums_us[phase];
  histogram.merge(other.histogram);
}

IntervalStatistics::IntervalStatistics(const HistoryStatisticsQuery& query)
    : from_ms_(query.from_ms),
      bucket_ms_((query.until_ms - query.from_ms) / static_cast<std::int64_t>(query.buckets)),
      buckets_(query.buckets) {}

void IntervalStatistics::add(const IntervalKey& key, const IntervalTotals& totals) {
  const std::int64_t offset_ms = key.interval * statistics_interval_ms - from_ms_;
  buckets_[static_cast<std::size_t>(offset_ms / bucket_ms_)].merge(totals);
  Sum& sum = workers_[key.worker];
  sum.count += totals.count;
  sum.total_us += totals.total_us();
}

HistoryStatistics IntervalStatistics::finish() {
  HistoryStatistics result;
  result.percentile_error_max = TimeHistogram::percentile_error_max;
  IntervalTotals all;
  std::int64_t from_ms = from_ms_;
  for (const IntervalTotals& totals : buckets_) {
    HistoryStatistics::Bucket bucket{.from_ms = std::exchange(from_ms, from_ms + bucket_ms_),
                                     .count = static_cast<std::size_t>(totals.count)};
    set_percentiles(bucket, totals.histogram);
    result.buckets.push_back(bucket);
    all.merge(totals);
  }
  result.rows = static_cast<std::size_t>(all.count);
  if (all.count > 0) {
    set_percentiles(result.summary, all.histogram);
    for (std::size_t phase = 0; phase < IntervalTotals::phases; ++phase) {
      result.summary.mean.*summed_phases[phase] = mean_ms(all.sums_us[phase], all.count);
    }
  }
  for (const auto& [worker, sum] : workers_) {
    result.workers.push_back({.worker = worker,
                              .count = static_cast<std::size_t>(sum.count),
                              .mean_ms = mean_ms(sum.total_us, sum.count)});
  }
  keep_busiest(result.workers);
  return result;
}

}  // namespace samoyed::dispatcher
