#include "dispatcher/history/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace samoyed::dispatcher {
namespace {

constexpr double HistoryTimes::*phases[] = {&HistoryTimes::queue_ms,   &HistoryTimes::transfer_ms,
                                            &HistoryTimes::decode_ms,  &HistoryTimes::resize_ms,
                                            &HistoryTimes::forward_ms, &HistoryTimes::total_ms};

}  // namespace

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

void keep_busiest(std::vector<HistoryStatistics::WorkerTotals>& workers) {
  std::ranges::sort(workers, [](const auto& left, const auto& right) {
    return std::tie(right.count, left.worker) < std::tie(left.count, right.worker);
  });
  if (workers.size() > HistoryStatistics::worker_totals_max) {
    workers.resize(HistoryStatistics::worker_totals_max);
  }
}

StatisticsCount::StatisticsCount(const HistoryStatisticsQuery& query)
    : from_ms_(query.from_ms), until_ms_(std::max(query.until_ms, query.from_ms + 1)) {
  const std::size_t count =
      std::clamp<std::size_t>(query.buckets, 1, HistoryStatisticsQuery::buckets_max);
  totals_.resize(count);
  const auto length = static_cast<double>(until_ms_ - from_ms_) / static_cast<double>(count);
  for (std::size_t index = 0; index < count; ++index) {
    const auto offset = static_cast<std::int64_t>(length * static_cast<double>(index));
    result_.buckets.push_back({.from_ms = from_ms_ + offset});
  }
}

bool StatisticsCount::add(const Row& row) {
  if (row.time_ms < from_ms_ || row.time_ms >= until_ms_) return true;
  if (result_.rows == HistoryStatistics::rows_max) {
    result_.truncated = true;
    return false;
  }
  ++result_.rows;
  if (result_.points.size() < HistoryStatistics::points_max) result_.points.push_back(row.point);
  // The last bucket that begins at or before the row.
  const auto after = std::ranges::upper_bound(result_.buckets, row.time_ms, {},
                                              &HistoryStatistics::Bucket::from_ms);
  totals_[static_cast<std::size_t>(after - result_.buckets.begin() - 1)].push_back(
      row.point.times.total_ms);
  for (const auto phase : phases) sum_.*phase += row.point.times.*phase;
  Sum& sum = workers_[row.worker];
  ++sum.count;
  sum.total_ms += row.point.times.total_ms;
  return true;
}

void StatisticsCount::summarize() {
  if (result_.rows == 0) return;
  auto& summary = result_.summary;
  for (const auto phase : phases) {
    summary.mean.*phase = sum_.*phase / static_cast<double>(result_.rows);
  }
  std::vector<double> all;
  all.reserve(result_.rows);
  for (const auto& totals : totals_) all.insert(all.end(), totals.begin(), totals.end());
  summary.p50_ms = percentile(all, 0.5);
  summary.p90_ms = percentile(all, 0.9);
  summary.p99_ms = percentile(all, 0.99);
}

HistoryStatistics StatisticsCount::finish() {
  summarize();
  for (std::size_t index = 0; index < totals_.size(); ++index) {
    auto& bucket = result_.buckets[index];
    bucket.count = totals_[index].size();
    bucket.p50_ms = percentile(totals_[index], 0.5);
    bucket.p90_ms = percentile(totals_[index], 0.9);
    bucket.p99_ms = percentile(totals_[index], 0.99);
  }
  for (const auto& [worker, sum] : workers_) {
    result_.workers.push_back({.worker = worker,
                               .count = sum.count,
                               .mean_ms = sum.total_ms / static_cast<double>(sum.count)});
  }
  keep_busiest(result_.workers);
  return std::move(result_);
}

}  // namespace samoyed::dispatcher
