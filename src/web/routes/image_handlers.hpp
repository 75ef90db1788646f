#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Images that are recognized while the client waits.
namespace samoyed::web::images {

/// The form's upload: one image or several, answered with a page.
asio::awaitable<Response> classify_form(Services& services, RequestContext& context);
/// One image, answered with JSON.
asio::awaitable<Response> classify(Services& services, RequestContext& context);

}  // namespace samoyed::web::images
