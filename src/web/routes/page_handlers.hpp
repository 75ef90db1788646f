#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for the form, the API's description, the assets, signing in and out, health probes and
/// metrics.
namespace samoyed::web::pages {

/// Shows the upload form.
asio::awaitable<Response> form(Services& services, RequestContext& context);
/// Shows the API's description as a page.
asio::awaitable<Response> api(Services& services, RequestContext& context);
/// Returns the API's description as an OpenAPI document.
asio::awaitable<Response> openapi(Services& services, RequestContext& context);
/// Returns a file that pages load, by its name.
asio::awaitable<Response> asset(Services& services, RequestContext& context);
asio::awaitable<Response> icon(Services& services, RequestContext& context);

asio::awaitable<Response> sign_in(Services& services, RequestContext& context);
asio::awaitable<Response> sign_out(Services& services, RequestContext& context);

/// Returns the path's methods in the field `Allow`, for OPTIONS.
asio::awaitable<Response> options(Services& services, RequestContext& context);

/// Returns 200 while the dispatcher runs.
asio::awaitable<Response> alive(Services& services, RequestContext& context);
/// Returns 200 while a worker is in rotation and the server is not stopping.
asio::awaitable<Response> ready(Services& services, RequestContext& context);
/// Returns the metrics for Prometheus.
asio::awaitable<Response> metrics(Services& services, RequestContext& context);

}  // namespace samoyed::web::pages
