#pragma once

#include <string>

#include "web/views/pages.hpp"

namespace samoyed::web {

/// The page that shows assets/openapi.json to a person: a whole HTML document, as all pages are.
std::string api_page(const WorkersView& workers);

}  // namespace samoyed::web
