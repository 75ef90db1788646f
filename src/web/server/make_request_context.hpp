#pragma once

#include <chrono>
#include <string_view>

#include <asio/awaitable.hpp>

#include "web/http/http_message.hpp"
#include "web/routes/request_context.hpp"
#include "web/server/server_context.hpp"

namespace samoyed::web {

/// Resolves the route of a request with that head, and identifies its client by the head's fields
/// and by the address of the connection's peer. Creates an id for a request that has none, and a
/// visitor's id for an upload whose results will be kept. Leaves `request` empty.
RequestContext make_request_context(const ServerContext& server, const Request& head,
                                    std::string_view peer_address,
                                    std::chrono::steady_clock::time_point now);

/// Decides about a visitor's cookie that isn't trusted; `context.adoption` must be set. If the
/// history has something that may be adopted from its visitor, a new visitor gets that. Otherwise
/// the cookie counts as none.
asio::awaitable<void> adopt_visitor(ServerContext& server, RequestContext& context);

}  // namespace samoyed::web
