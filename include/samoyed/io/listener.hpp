#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/protocol/address.hpp"

namespace samoyed::io {

/// Opens a listening TCP socket on the first address that `host` (a name, IPv4 or IPv6) stands for.
/// Port 0 takes a free one. Throws std::runtime_error with one line that says what to do.
inline asio::ip::tcp::acceptor open_acceptor(const asio::any_io_executor& executor,
                                             const std::string& host, std::uint16_t port) {
  const std::string where = to_string(protocol::Address{host, port});
  try {
    asio::ip::tcp::resolver resolver(executor);
    const auto endpoint = resolver.resolve(host, std::to_string(port)).begin()->endpoint();
    // Opens with SO_REUSEADDR: a restart must not wait for the old connections' last packets.
    return asio::ip::tcp::acceptor(executor, endpoint);
  } catch (const std::system_error& error) {
    throw std::runtime_error("can't listen on " + where + ": " + error.code().message() +
                             "; choose an address of this machine and a free port (0 takes any)");
  }
}

/// `HOST:PORT` that the acceptor really listens on.
inline std::string listening_address(const asio::ip::tcp::acceptor& acceptor) {
  const auto endpoint = acceptor.local_endpoint();
  return to_string(protocol::Address{endpoint.address().to_string(), endpoint.port()});
}

}  // namespace samoyed::io
