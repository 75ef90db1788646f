#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include "samoyed/protocol/address.hpp"

namespace samoyed::load {

/// Returns the addresses of a name. Throws std::runtime_error with a one-line message if there are
/// none.
inline std::vector<asio::ip::tcp::endpoint> resolve(const asio::any_io_executor& executor,
                                                    const protocol::Address& address) {
  try {
    asio::ip::tcp::resolver resolver(executor);
    const auto found = resolver.resolve(address.host, std::to_string(address.port));
    return {found.begin(), found.end()};
  } catch (const std::system_error& error) {
    throw std::runtime_error("can't resolve " + address.host + ": " + error.code().message());
  }
}

}  // namespace samoyed::load
