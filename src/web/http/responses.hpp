#pragma once

#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// What every response is served with.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The field that holds a reason's word.
inline constexpr std::string_view reason_name = "Samoyed-Reason";

/// A page, not to be kept by any cache.
Response html_response(int status, std::string body);

/// JSON, or another text of that media type made of it; not to be kept by any cache either.
Response json_response(int status, std::string body,
                       std::string_view media_type = "application/json");

/// One line for programs, not to be kept by any cache either.
Response text_response(int status, std::string_view line);

/// 303: look there with GET. `location` is a path of this site.
Response redirect(std::string location);

/// Adds what tells a program why: `Samoyed-Reason`, and where a later try may succeed, Retry-After.
void give_reason(Response& response, Reason reason);

/// Adds the fields that keep a browser from doing more with the response than was meant.
void secure(Response& response);

}  // namespace samoyed::web
