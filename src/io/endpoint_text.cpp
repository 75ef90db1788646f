#include "samoyed/io/endpoint_text.hpp"

#include <system_error>

namespace samoyed::io {

std::string endpoint_text(std::string_view host, std::uint16_t port) {
  const bool ipv6 = host.find(':') != host.npos;
  const std::string text(host);
  return (ipv6 ? "[" + text + "]" : text) + ":" + std::to_string(port);
}

std::string endpoint_text(const asio::ip::tcp::endpoint& endpoint) {
  return endpoint_text(endpoint.address().to_string(), endpoint.port());
}

std::string peer_name(const asio::ip::tcp::socket& socket) {
  std::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? "a disconnected peer" : endpoint_text(endpoint);
}

}  // namespace samoyed::io
