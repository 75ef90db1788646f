#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// The form, the API's description, the files that pages load, signing in and out, health probes,
/// metrics.
namespace samoyed::web::pages {

/// The page with the form.
asio::awaitable<Response> form(Services& services, RequestContext& context);
/// The API's description, for a person and for programs.
asio::awaitable<Response> api(Services& services, RequestContext& context);
asio::awaitable<Response> openapi(Services& services, RequestContext& context);
/// A file that pages load, by its name.
asio::awaitable<Response> asset(Services& services, RequestContext& context);
asio::awaitable<Response> icon(Services& services, RequestContext& context);

asio::awaitable<Response> sign_in(Services& services, RequestContext& context);
asio::awaitable<Response> sign_out(Services& services, RequestContext& context);

/// 200 while the dispatcher runs.
asio::awaitable<Response> alive(Services& services, RequestContext& context);
/// 200 while a worker is in rotation and the server is not stopping.
asio::awaitable<Response> ready(Services& services, RequestContext& context);
/// The numbers for Prometheus.
asio::awaitable<Response> metrics(Services& services, RequestContext& context);

}  // namespace samoyed::web::pages
