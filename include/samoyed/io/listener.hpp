#pragma once

#include <cstdint>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::io {

/// Opens a listening TCP socket on the first address of `host` (a name, IPv4 or IPv6). Port 0 picks
/// a free port. On failure, throws std::runtime_error with a one-line message that says what to do.
asio::ip::tcp::acceptor open_acceptor(const asio::any_io_executor& executor,
                                      const std::string& host, std::uint16_t port);

/// The actual `HOST:PORT` that the acceptor listens on.
std::string listening_address(const asio::ip::tcp::acceptor& acceptor);

}  // namespace samoyed::io
