#pragma once

#include <cstdint>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::io {

/// Opens a listening TCP socket on the first address of `host` (a name, IPv4 or IPv6). Port 0 takes
/// a free port. Throws std::runtime_error with one line that says what to do.
asio::ip::tcp::acceptor open_acceptor(const asio::any_io_executor& executor,
                                      const std::string& host, std::uint16_t port);

/// `HOST:PORT` that the acceptor really listens on.
std::string listening_address(const asio::ip::tcp::acceptor& acceptor);

}  // namespace samoyed::io
