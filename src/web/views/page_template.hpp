#pragma once

#include <string_view>

#include "web/views/template.hpp"

namespace samoyed::web {

/// Parses a page's template. It may insert the parts that pages share: `{{> choices}}`,
/// `{{> label_row}}`, `{{> labels}}`, `{{> upload}}` and `{{> worker_row}}`.
Template page_template(std::string_view text);

}  // namespace samoyed::web
