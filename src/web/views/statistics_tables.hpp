#pragma once

#include <string_view>
#include <vector>

#include "web/views/statistics_view.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {

// The tables of the numbers that charts are drawn of.

/// What statistics.html shows of a table.
struct Table {
  std::string_view caption;
  std::vector<Values> columns;
  std::vector<Values> rows;
};

enum class SizeColumn { bytes, pixels };
/// Recognitions by their size; without those whose size isn't known.
Table points_table(const StatisticsView& view, SizeColumn size);

enum class BucketColumns { count, percentiles };
/// The parts of the time in which there was a recognition, newest first.
Table buckets_table(const StatisticsView& view, BucketColumns columns);

Table workers_table(const StatisticsView& view);

}  // namespace samoyed::web
