#pragma once

#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The field that holds a reason's word.
inline constexpr std::string_view reason_name = "Samoyed-Reason";

/// A page, not to be kept by any cache.
Response html_response(int status, std::string body);

/// JSON, or another text of that media type made of it; not to be kept by any cache either.
Response json_response(int status, std::string body,
                       std::string_view media_type = "application/json");

/// One line for programs, not to be kept by any cache either.
Response text_response(int status, std::string_view line);

/// 303: look there with GET. `location` is a path of this server.
Response redirect(std::string location);

/// Adds the reason for programs: `Samoyed-Reason`, and Retry-After if a later attempt may succeed.
void give_reason(Response& response, Reason reason);

}  // namespace samoyed::web
