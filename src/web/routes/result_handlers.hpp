#pragma once

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web {

/// The answer of a server that keeps no results or jobs; as a page, under that tab.
Response nothing_kept_response(const Services& services, const RequestContext& context,
                               Tab tab = Tab::results);

}  // namespace samoyed::web

/// The results in the history. A result belongs to its visitor; the operator sees all of them.
namespace samoyed::web::results {

asio::awaitable<Response> page(Services& services, RequestContext& context);
asio::awaitable<Response> list(Services& services, RequestContext& context);

/// Remove all results of the visitor.
asio::awaitable<Response> remove_by_form(Services& services, RequestContext& context);
asio::awaitable<Response> remove(Services& services, RequestContext& context);

/// The small image of one result.
asio::awaitable<Response> thumbnail(Services& services, RequestContext& context);

asio::awaitable<Response> export_csv(Services& services, RequestContext& context);
asio::awaitable<Response> export_json(Services& services, RequestContext& context);

}  // namespace samoyed::web::results
