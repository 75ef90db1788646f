#include "samoyed/io/tls_context.hpp"

#include <algorithm>
#include <openssl/ssl.h>
#include <stdexcept>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ssl/context.hpp>
#include <spdlog/spdlog.h>

#include "io/tls_files.hpp"
#include "samoyed/io/errc.hpp"
#include "samoyed/io/wall_clock.hpp"

namespace samoyed::io {
namespace {

std::int64_t now_s() { return wall_clock_ms() / 1000; }

std::string with_path(const char* option, const std::filesystem::path& path) {
  return std::string(option) + " (" + path.string() + ")";
}

/// Throws std::system_error if OpenSSL doesn't accept the content.
std::shared_ptr<asio::ssl::context> make_asio_context(const TlsCredentials& credentials,
                                                      TlsRole role) {
  using asio::ssl::context;
  auto made = std::make_shared<context>(role == TlsRole::client ? context::tlsv13_client
                                                                : context::tlsv13_server);
  made->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  SSL_CTX* const openssl = made->native_handle();
  SSL_CTX_set_session_cache_mode(openssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(openssl, 0);
  SSL_CTX_set_mode(openssl, SSL_MODE_RELEASE_BUFFERS);
  made->add_certificate_authority(asio::buffer(credentials.ca));
  made->use_certificate_chain(asio::buffer(credentials.certificate));
  made->use_private_key(asio::buffer(credentials.key), context::pem);
  return made;
}

}  // namespace

TlsContext::TlsContext(TlsFiles files, TlsRole role) : files_(std::move(files)), role_(role) {
  load();
}

void TlsContext::load() {
  const TlsCredentials credentials = read_tls_files(files_, now_s());
  try {
    current_ = make_asio_context(credentials, role_);
  } catch (const std::system_error& error) {
    throw std::runtime_error("OpenSSL doesn't accept " + with_path("--worker-tls-ca", files_.ca) +
                             ", " + with_path("--worker-tls-cert", files_.certificate) + " and " +
                             with_path("--worker-tls-key", files_.key) + ": " + error.what());
  }
  expires_s_ = credentials.expires_s;
}

void TlsContext::reload() {
  try {
    load();
  } catch (...) {
    ++reload_failures_;
    throw;
  }
}

void TlsContext::reload_and_log() {
  try {
    reload();
    log_expiry();
  } catch (const std::runtime_error& error) {
    spdlog::error("the former certificates stay in use: {}", error.what());
  }
}

void TlsContext::log_expiry() const {
  const bool soon = expires_s_ - now_s() < tls_expiry_warning_s;
  spdlog::log(soon ? spdlog::level::warn : spdlog::level::info,
              "TLS with the certificate {}, which {}expires on {}", files_.certificate.string(),
              soon ? "must be replaced: it " : "", utc_text(expires_s_));
}

std::string TlsContext::explain(std::error_code error) const {
  if (error.category() != tls_category()) return error.message();
  return io::explain(static_cast<TlsErrc>(error.value()), role_,
                     with_path("--worker-tls-ca", files_.ca),
                     with_path("--worker-tls-cert", files_.certificate));
}

TlsStatus TlsContext::status() const {
  TlsStatus status{.handshakes = handshakes_,
                   .failures = {},
                   .reload_failures = reload_failures_,
                   .expires_s = expires_s_};
  for (std::size_t i = 0; i < all_tls_errors.size(); ++i) {
    status.failures.emplace_back(to_label(all_tls_errors[i]), failures_[i]);
  }
  return status;
}

void TlsContext::count(std::error_code error) {
  if (!error) {
    ++handshakes_;
    return;
  }
  if (error == asio::error::operation_aborted) return;
  TlsErrc reason = error == Errc::timed_out ? TlsErrc::timed_out : TlsErrc::closed;
  if (error.category() == tls_category()) reason = static_cast<TlsErrc>(error.value());
  const auto found = std::ranges::find(all_tls_errors, reason);
  ++failures_[static_cast<std::size_t>(found - all_tls_errors.begin())];
}

}  // namespace samoyed::io
