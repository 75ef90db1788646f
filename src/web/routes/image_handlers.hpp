#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers that recognize images while the client waits.
namespace samoyed::web::images {

/// Recognizes the images that the form uploads, one or several, and returns a page.
asio::awaitable<Response> classify_form(Services& services, RequestContext& context);
/// Recognizes one image and returns JSON.
asio::awaitable<Response> classify(Services& services, RequestContext& context);

}  // namespace samoyed::web::images
