#pragma once

#include <string>
#include <string_view>

#include "web/views/pages.hpp"

namespace samoyed::web {

/// assets/openapi.json, with the address of the site: its base path (base_path.hpp), or `/`.
std::string openapi_json(std::string_view base_path);

/// The page that shows assets/openapi.json to people. Like every page, it is a complete HTML
/// document.
std::string api_page(const WorkersView& workers);

}  // namespace samoyed::web
