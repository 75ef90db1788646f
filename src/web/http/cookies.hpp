#pragma once

#include <string_view>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// All values that cookies of that name have: nothing keeps a client from sending several. Within
/// `fields`.
std::vector<std::string_view> cookie_values(const Fields& fields, std::string_view name);

}  // namespace samoyed::web
