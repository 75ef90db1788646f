#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for statistics of the results. A visitor sees the statistics of their own results.
/// Anyone who may see the workers also sees everyone's.
namespace samoyed::web::statistics {

/// Returns a page with charts.
asio::awaitable<Response> page(Services& services, RequestContext& context);
/// Returns JSON.
asio::awaitable<Response> show(Services& services, RequestContext& context);

}  // namespace samoyed::web::statistics
