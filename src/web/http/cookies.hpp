#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Returns the values of all cookies of that name, because a client may send several. The values
/// are views into `fields`.
std::vector<std::string_view> cookie_values(const Fields& fields, std::string_view name);

/// Returns the name of a cookie over HTTPS, with the prefix `__Secure-`: browsers accept such a
/// cookie only over HTTPS.
std::string secure_cookie_name(std::string_view name);

/// Returns the field that sets a cookie which scripts can't read. Over HTTPS its name is the secure
/// one.
Field set_cookie(std::string_view name, std::string_view value, std::string_view attributes,
                 bool https);

}  // namespace samoyed::web
