#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for the Open Inference Protocol, version 2: /v2 and everything below it. A model exists
/// while a worker in rotation runs it.
namespace samoyed::web::inference {

asio::awaitable<Response> server(Services& services, RequestContext& context);
asio::awaitable<Response> live(Services& services, RequestContext& context);
asio::awaitable<Response> ready(Services& services, RequestContext& context);
/// Describes a model's input and output tensors.
asio::awaitable<Response> model(Services& services, RequestContext& context);
asio::awaitable<Response> model_ready(Services& services, RequestContext& context);

asio::awaitable<Response> infer(Services& services, RequestContext& context);

}  // namespace samoyed::web::inference
