#pragma once

#include <optional>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// Runs the guards in their order: the host's name, the path and method, other sites' pages, the
/// admin token, local clients, the body's kind and size. Returns the first one's rejection;
/// std::nullopt if the request may go to its handler. Needs only the request's head.
std::optional<Response> check_request(const Services& services, const RequestContext& context);

}  // namespace samoyed::web
