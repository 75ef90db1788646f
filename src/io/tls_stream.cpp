#include "io/tls_stream.hpp"

#include <algorithm>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <utility>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "samoyed/io/ip_text.hpp"

namespace samoyed::io {
namespace {

bool is_for(X509* certificate, const std::string& name) {
  if (is_ip_literal(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.c_str(), name.size(),
                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         nullptr) == 1;
}

}  // namespace

TlsStream::TlsStream(asio::ip::tcp::socket& socket, std::shared_ptr<TlsContext> context,
                     std::vector<std::string> names)
    : context_(std::move(context)),
      keys_(context_->current()),
      names_(std::move(names)),
      stream_(socket, *keys_) {
  if (is_server()) return;
  stream_.set_verify_callback([this](bool trusted, asio::ssl::verify_context& verification) {
    return accept_names(trusted, verification);
  });
  const auto name = std::ranges::find_if_not(names_, is_ip_literal);
  if (name != names_.end()) SSL_set_tlsext_host_name(stream_.native_handle(), name->c_str());
}

asio::awaitable<void> TlsStream::handshake(std::error_code& error) {
  const auto side = is_server() ? asio::ssl::stream_base::server : asio::ssl::stream_base::client;
  co_await stream_.async_handshake(side, asio::redirect_error(asio::use_awaitable, error));
  error = translate(error, true);
}

asio::awaitable<std::size_t> TlsStream::read_some(asio::mutable_buffer buffer,
                                                  std::error_code& error) {
  const std::size_t size =
      co_await stream_.async_read_some(buffer, asio::redirect_error(asio::use_awaitable, error));
  error = translate(error, false);
  co_return size;
}

asio::awaitable<void> TlsStream::write(std::array<asio::const_buffer, 2> buffers,
                                       std::error_code& error) {
  co_await asio::async_write(stream_, buffers, asio::redirect_error(asio::use_awaitable, error));
  error = translate(error, false);
}

void TlsStream::settle(std::error_code error, bool in_handshake) {
  if (settled_) return;
  // A client's handshake has succeeded when the server has answered.
  const bool known =
      in_handshake ? error || is_server() : !error || error.category() == tls_category();
  if (!known) return;
  settled_ = true;
  context_->count(error);
}

std::error_code TlsStream::translate(std::error_code error, bool in_handshake) {
  if (!error) return error;
  return translate_tls_error(error, SSL_get_verify_result(stream_.native_handle()), in_handshake);
}

/// Called for each certificate of the peer's chain, whose own comes last.
bool TlsStream::accept_names(bool trusted, asio::ssl::verify_context& verification) const {
  X509_STORE_CTX* const store = verification.native_handle();
  if (!trusted || X509_STORE_CTX_get_error_depth(store) > 0) return trusted;
  X509* const certificate = X509_STORE_CTX_get_current_cert(store);
  const auto matches = [&](const std::string& name) { return is_for(certificate, name); };
  if (std::ranges::any_of(names_, matches)) return true;
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return false;
}

}  // namespace samoyed::io
