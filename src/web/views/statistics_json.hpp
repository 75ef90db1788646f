#pragma once

#include <string>

#include "web/views/statistics_view.hpp"

namespace samoyed::web {

/// The numbers as JSON text; assets/openapi.json describes it.
std::string statistics_json(const StatisticsView& view);

}  // namespace samoyed::web
