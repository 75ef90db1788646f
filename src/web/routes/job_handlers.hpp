#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Jobs: images that are recognized later. Anyone who knows a job's id can see and cancel it.
namespace samoyed::web::jobs {

/// Turns the images of a request into jobs.
asio::awaitable<Response> submit(Services& services, RequestContext& context);
asio::awaitable<Response> show(Services& services, RequestContext& context);
asio::awaitable<Response> cancel(Services& services, RequestContext& context);
/// A job's states as server-sent events.
asio::awaitable<Response> watch(Services& services, RequestContext& context);

}  // namespace samoyed::web::jobs
