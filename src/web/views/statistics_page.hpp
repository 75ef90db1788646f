#pragma once

#include <string>

#include "web/views/pages.hpp"
#include "web/views/statistics_view.hpp"

namespace samoyed::web {

/// The page of statistics. A script draws the charts; each chart's table is below it.
std::string statistics_page(const StatisticsView& view, const WorkersView& workers);

}  // namespace samoyed::web
