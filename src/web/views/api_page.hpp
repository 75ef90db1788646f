#pragma once

#include <string>

#include "web/views/pages.hpp"

namespace samoyed::web {

/// The page that shows assets/openapi.json to people. Like every page, it is a complete HTML
/// document.
std::string api_page(const WorkersView& workers);

}  // namespace samoyed::web
