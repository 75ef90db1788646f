#pragma once

#include <string>

#include "web/views/pages.hpp"
#include "web/views/statistics_view.hpp"

namespace samoyed::web {

/// The numbers as a page: a script draws them as charts, with each chart's table below it.
std::string statistics_page(const StatisticsView& view, const WorkersView& workers);

}  // namespace samoyed::web
