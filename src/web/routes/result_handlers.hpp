#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// Returns the response of a server that keeps no results or jobs. If it is a page, `tab` is its
/// selected tab.
Response nothing_kept_response(const Services& services, const RequestContext& context,
                               Tab tab = Tab::results);

}  // namespace samoyed::web

/// Handlers for the results in the history. A result belongs to its visitor. The operator sees all
/// results.
namespace samoyed::web::results {

asio::awaitable<Response> page(Services& services, RequestContext& context);
asio::awaitable<Response> list(Services& services, RequestContext& context);

/// Removes all results of the visitor and returns a page.
asio::awaitable<Response> remove_by_form(Services& services, RequestContext& context);
/// Removes all results of the visitor and returns JSON.
asio::awaitable<Response> remove(Services& services, RequestContext& context);

/// Returns the thumbnail of one result.
asio::awaitable<Response> thumbnail(Services& services, RequestContext& context);

asio::awaitable<Response> export_csv(Services& services, RequestContext& context);
asio::awaitable<Response> export_json(Services& services, RequestContext& context);

}  // namespace samoyed::web::results
