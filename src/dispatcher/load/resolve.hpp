#pragma once

#include <stdexcept>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/protocol/address.hpp"

namespace samoyed::load {

/// The first address that a name stands for. Throws std::runtime_error, one line, where it has none.
inline asio::ip::tcp::endpoint resolve(const asio::any_io_executor& executor,
                                       const protocol::Address& address) {
  try {
    asio::ip::tcp::resolver resolver(executor);
    return resolver.resolve(address.host, std::to_string(address.port)).begin()->endpoint();
  } catch (const std::system_error& error) {
    throw std::runtime_error(address.host + " has no address: " + error.code().message());
  }
}

}  // namespace samoyed::load
