#pragma once

#include <cstdint>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace samoyed::test {

/// A port that swallows packets: a connection to it is neither accepted nor refused. Its queue of
/// connections is full, so the kernel drops further ones (listen(2), Linux).
class SilentListener {
 public:
  /// Port 0 picks a free port.
  explicit SilentListener(const asio::ip::address& address, std::uint16_t port = 0)
      : listener_(io_), filler_(io_) {
    const asio::ip::tcp::endpoint endpoint(address, port);
    listener_.open(endpoint.protocol());
    listener_.set_option(asio::socket_base::reuse_address(true));
    listener_.bind(endpoint);
    listener_.listen(0);
    filler_.connect(listener_.local_endpoint());
  }

  asio::ip::tcp::endpoint endpoint() const { return listener_.local_endpoint(); }

 private:
  asio::io_context io_;
  asio::ip::tcp::acceptor listener_;
  asio::ip::tcp::socket filler_;
};

}  // namespace samoyed::test
