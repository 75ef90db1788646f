#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for the models that the workers run. Everyone may see their names, but only those who
/// may see the workers learn how many there are.
namespace samoyed::web::models {

asio::awaitable<Response> list(Services& services, RequestContext& context);
asio::awaitable<Response> show(Services& services, RequestContext& context);
/// Returns the labels of one model. A worker names them when they are first asked for.
asio::awaitable<Response> labels(Services& services, RequestContext& context);

}  // namespace samoyed::web::models
