#pragma once

#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The field that carries a reason's code.
inline constexpr std::string_view reason_name = "Samoyed-Reason";

/// Returns a page that no cache may keep.
Response html_response(int status, std::string body, std::string_view caching = "no-store");

/// Returns a JSON response, or one of another media type based on JSON, that no cache may keep.
Response json_response(int status, std::string body,
                       std::string_view media_type = "application/json");

/// Returns one line of plain text that no cache may keep.
Response text_response(int status, std::string_view line);

/// Returns a redirect with status 303: the client fetches `location`, a path on this server, with
/// GET.
Response redirect(std::string location);

/// Returns true if only the client's own browser may keep the response, if anything.
bool is_private(const Response& response);

/// Adds the reason's code in `Samoyed-Reason`, and Retry-After if the status is 429 or 503.
void give_reason(Response& response, Reason reason);

}  // namespace samoyed::web
