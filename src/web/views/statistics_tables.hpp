#pragma once

#include <string_view>
#include <vector>

#include "web/views/statistics_view.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {

// The tables of the numbers in the charts.

/// A table's parts, for statistics.html.
struct Table {
  std::string_view caption;
  std::vector<Values> columns;
  std::vector<Values> rows;
};

enum class SizeColumn { bytes, pixels };
/// The recognitions by size. It leaves out those whose size isn't known.
Table points_table(const StatisticsView& view, SizeColumn size);

enum class BucketColumns { count, percentiles };
/// The intervals that contain recognitions, newest first.
Table buckets_table(const StatisticsView& view, BucketColumns columns);

Table workers_table(const StatisticsView& view);

}  // namespace samoyed::web
