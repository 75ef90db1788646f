#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Statistics of the results. A visitor sees those of its own results; anyone who may see the
/// workers, also everyone's.
namespace samoyed::web::statistics {

/// As a page with charts.
asio::awaitable<Response> page(Services& services, RequestContext& context);
/// As JSON.
asio::awaitable<Response> show(Services& services, RequestContext& context);

}  // namespace samoyed::web::statistics
