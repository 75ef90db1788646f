#pragma once

#include <string>
#include <string_view>

#include "web/http_message.hpp"

namespace samoyed::web {

/// What every response is served with.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page, not to be kept by any cache.
Response html_response(int status, std::string body);

/// One line for programs, not to be kept by any cache either.
Response text_response(int status, std::string_view line);

/// 303: look there with GET. `location` is a path of this site.
Response redirect(std::string location);

/// Adds what tells a program why: `Samoyed-Reason`, and where a later try may succeed, Retry-After.
void give_reason(Response& response, Reason reason);

/// Adds the fields that keep a browser from doing more with the response than was meant.
void secure(Response& response);

}  // namespace samoyed::web
