#pragma once

#include <string>

#include "web/views/pages.hpp"
#include "web/views/statistics_view.hpp"

namespace samoyed::web {

/// The numbers as a page: a script draws them as charts, and below each stands the table that it is drawn of.
std::string statistics_page(const StatisticsView& view, const WorkersView& workers);

}  // namespace samoyed::web
