#pragma once

#include "web/views/statistics_view.hpp"
#include "web/views/template.hpp"

namespace samoyed::web {

// The tables of the numbers that charts are drawn of.

enum class SizeColumn { bytes, pixels };
/// Recognitions by their size; without those whose size isn't known.
Html points_table(const StatisticsView& view, SizeColumn size);

enum class BucketColumns { count, percentiles };
/// The parts of the time in which there was a recognition, newest first.
Html buckets_table(const StatisticsView& view, BucketColumns columns);

Html workers_table(const StatisticsView& view);

}  // namespace samoyed::web
