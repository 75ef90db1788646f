#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for jobs: images that are recognized later. Anyone who knows a job's id can see and
/// cancel it.
namespace samoyed::web::jobs {

/// Creates one job for each image of a request.
asio::awaitable<Response> submit(Services& services, RequestContext& context);
asio::awaitable<Response> show(Services& services, RequestContext& context);
asio::awaitable<Response> cancel(Services& services, RequestContext& context);
/// Streams a job's states as server-sent events.
asio::awaitable<Response> watch(Services& services, RequestContext& context);

}  // namespace samoyed::web::jobs
