#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <asio/ip/tcp.hpp>

namespace samoyed::io {

/// `HOST:PORT`, with brackets around an IPv6 address.
std::string endpoint_text(std::string_view host, std::uint16_t port);
std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint);

/// `HOST:PORT` of the remote end, or `a disconnected peer` if the connection has ended. For log
/// lines.
std::string peer_name(const asio::ip::tcp::socket& socket);

}  // namespace samoyed::io
