#pragma once

#include <string>
#include <system_error>

#include <asio/ip/tcp.hpp>

#include "samoyed/protocol/address.hpp"

namespace samoyed::io {

/// `HOST:PORT` of the other end, for the log.
inline std::string peer_name(const asio::ip::tcp::socket& socket) {
  std::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "a peer that has left";
  return to_string(protocol::Address{endpoint.address().to_string(), endpoint.port()});
}

}  // namespace samoyed::io
