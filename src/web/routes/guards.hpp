#pragma once

#include <optional>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

namespace samoyed::web {

/// Runs the guards in order. They check the host name, the path and method, whether another site's
/// page sent the request, the admin token, whether the client is local, and the body's type and
/// size. Returns the first rejection, or std::nullopt if the request may go to its handler. Needs
/// only the request's head.
std::optional<Response> check_request(const Services& services, const RequestContext& context);

}  // namespace samoyed::web
