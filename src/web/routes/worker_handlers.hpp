#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"

/// Handlers for the list of workers: /add/HOST:PORT and /del/HOST:PORT for people, /api/v1/workers
/// for programs.
namespace samoyed::web::workers {

/// Adds or removes a worker. If the address is in the query instead of the path, as a form sends
/// it, redirects to the path with the address.
asio::awaitable<Response> add(Services& services, RequestContext& context);
asio::awaitable<Response> remove(Services& services, RequestContext& context);

/// Has a worker probed at once, so that one that is back need not wait for its next probe.
asio::awaitable<Response> probe_by_form(Services& services, RequestContext& context);

asio::awaitable<Response> list(Services& services, RequestContext& context);
/// Adds the worker that the body names.
asio::awaitable<Response> create(Services& services, RequestContext& context);
/// Adds the worker that the path names.
asio::awaitable<Response> put(Services& services, RequestContext& context);
asio::awaitable<Response> show(Services& services, RequestContext& context);
/// Removes the worker that the path names.
asio::awaitable<Response> destroy(Services& services, RequestContext& context);

/// The same as `probe_by_form`, for programs. Returns the worker.
asio::awaitable<Response> probe(Services& services, RequestContext& context);

/// Streams the list of workers as server-sent events.
asio::awaitable<Response> watch(Services& services, RequestContext& context);

}  // namespace samoyed::web::workers
