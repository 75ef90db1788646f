#pragma once

#include <string>

#include "web/views/statistics_view.hpp"

namespace samoyed::web {

/// The statistics as JSON text, which assets/openapi.json describes.
std::string statistics_json(const StatisticsView& view);

}  // namespace samoyed::web
