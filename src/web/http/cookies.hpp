#pragma once

#include <string_view>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Returns the values of all cookies of that name, because a client may send several. The values
/// are views into `fields`.
std::vector<std::string_view> cookie_values(const Fields& fields, std::string_view name);

}  // namespace samoyed::web
