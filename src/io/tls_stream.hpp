#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>

#include "samoyed/io/tls_context.hpp"

namespace samoyed::io {

/// TLS over a connected socket, which must outlive it. Only one operation may run at a time.
///
/// Thread rule: the thread of the socket's executor.
class TlsStream {
 public:
  /// A client accepts a certificate for any of the names and IP addresses in `names`. It sends the
  /// first name to the server.
  TlsStream(asio::ip::tcp::socket& socket, std::shared_ptr<TlsContext> context,
            std::vector<std::string> names);

  /// Errors are those of TlsErrc. A client doesn't know yet whether the server accepts its
  /// certificate: if it doesn't, the first read fails.
  asio::awaitable<void> handshake(std::error_code& error);
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer buffer, std::error_code& error);
  asio::awaitable<void> write(std::array<asio::const_buffer, 2> buffers, std::error_code& error);

  /// Counts the handshake once its result is known. Call it after the handshake and after reads,
  /// with their errors.
  void settle(std::error_code error, bool in_handshake);

  bool is_server() const { return context_->role() == TlsRole::server; }

 private:
  std::error_code translate(std::error_code error, bool in_handshake);
  bool accept_names(bool trusted, asio::ssl::verify_context& verification) const;

  const std::shared_ptr<TlsContext> context_;
  const std::shared_ptr<asio::ssl::context> keys_;
  const std::vector<std::string> names_;
  asio::ssl::stream<asio::ip::tcp::socket&> stream_;
  bool settled_ = false;
};

}  // namespace samoyed::io
