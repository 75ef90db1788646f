#include "samoyed/io/tls_error.hpp"

#include <algorithm>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <asio/error.hpp>
#include <asio/ssl/error.hpp>

namespace samoyed::io {
namespace {

/// What an error means. In the sentences, CA and CERT stand for our files.
struct TlsErrorRow {
  TlsErrc error;
  std::string_view label;
  std::string_view about_server;
  std::string_view about_client;
};

constexpr TlsErrorRow tls_error_rows[] = {
    {TlsErrc::not_tls, "not_tls",
     "it doesn't speak TLS; start it with --worker-tls-ca, --worker-tls-cert and --worker-tls-key, "
     "or allow plain text to it with --worker-plain",
     "it doesn't speak TLS; start it with --worker-tls-ca, --worker-tls-cert and "
     "--worker-tls-key"},
    {TlsErrc::closed, "closed",
     "it closed the connection during the TLS handshake, as a worker without --worker-tls-cert "
     "does; its log may say more",
     "it closed the connection during the TLS handshake"},
    {TlsErrc::untrusted, "untrusted", "its certificate isn't signed by one of CA",
     "its certificate isn't signed by one of CA"},
    {TlsErrc::expired, "expired",
     "its certificate has expired; replace its --worker-tls-cert and send it a SIGHUP",
     "its certificate has expired; replace its --worker-tls-cert and send it a SIGHUP"},
    {TlsErrc::not_yet_valid, "not_yet_valid",
     "its certificate isn't valid yet; check the clocks of both machines",
     "its certificate isn't valid yet; check the clocks of both machines"},
    {TlsErrc::wrong_name, "wrong_name",
     "its certificate is for another name or address; list it by one that the certificate has as "
     "subjectAltName, or replace its --worker-tls-cert",
     "its certificate is for another name or address"},
    {TlsErrc::wrong_purpose, "wrong_purpose",
     "its certificate isn't for servers (extendedKeyUsage serverAuth); replace its "
     "--worker-tls-cert",
     "its certificate isn't for clients (extendedKeyUsage clientAuth); replace its "
     "--worker-tls-cert"},
    {TlsErrc::no_certificate, "no_certificate", "it has sent no certificate",
     "it has sent no certificate; start it with --worker-tls-cert and --worker-tls-key"},
    {TlsErrc::refused_untrusted, "refused_untrusted",
     "it refused CERT, because its --worker-tls-ca has no certificate that signed it",
     "it refused CERT, because its --worker-tls-ca has no certificate that signed it"},
    {TlsErrc::refused_expired, "refused_expired", "it refused CERT, because that has expired",
     "it refused CERT, because that has expired"},
    {TlsErrc::refused, "refused", "it refused CERT; its log says why",
     "it refused CERT; its log says why"},
    {TlsErrc::old_version, "old_version", "it doesn't support TLS 1.3",
     "it doesn't support TLS 1.3"},
    {TlsErrc::timed_out, "timed_out", "the TLS handshake took too long",
     "the TLS handshake took too long"},
    {TlsErrc::broken, "broken", "the TLS connection to it broke", "the TLS connection to it broke"},
};

const TlsErrorRow& row_of(TlsErrc error) {
  return *std::ranges::find(tls_error_rows, error, &TlsErrorRow::error);
}

void replace_word(std::string& text, std::string_view word, std::string_view by) {
  const auto at = text.find(word);
  if (at != text.npos) text.replace(at, word.size(), by);
}

class TlsCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "samoyed.tls"; }
  std::string message(int value) const override {
    return explain(static_cast<TlsErrc>(value), TlsRole::client, "--worker-tls-ca",
                   "--worker-tls-cert");
  }
};

TlsErrc verification_error(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return TlsErrc::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsErrc::not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return TlsErrc::wrong_name;
    case X509_V_ERR_INVALID_PURPOSE:
      return TlsErrc::wrong_purpose;
    default:
      return TlsErrc::untrusted;
  }
}

/// The meaning of an alert that the peer has sent.
TlsErrc alert_error(int alert) {
  switch (alert) {
    case SSL_AD_UNKNOWN_CA:
      return TlsErrc::refused_untrusted;
    case SSL_AD_CERTIFICATE_EXPIRED:
      return TlsErrc::refused_expired;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case TLS13_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_DECRYPT_ERROR:
      return TlsErrc::refused;
    case SSL_AD_PROTOCOL_VERSION:
      return TlsErrc::old_version;
    default:
      return TlsErrc::broken;
  }
}

TlsErrc openssl_error(int reason, long verify_result) {
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return verification_error(verify_result);
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return TlsErrc::no_certificate;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return TlsErrc::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return TlsErrc::old_version;
    default:
      return reason >= SSL_AD_REASON_OFFSET ? alert_error(reason - SSL_AD_REASON_OFFSET)
                                            : TlsErrc::broken;
  }
}

}  // namespace

std::string_view to_label(TlsErrc error) { return row_of(error).label; }

std::string explain(TlsErrc error, TlsRole role, std::string_view ca,
                    std::string_view certificate) {
  const TlsErrorRow& row = row_of(error);
  std::string text(role == TlsRole::client ? row.about_server : row.about_client);
  replace_word(text, "CERT", certificate);
  replace_word(text, "CA", ca);
  return text;
}

const std::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

std::error_code make_error_code(TlsErrc value) { return {static_cast<int>(value), tls_category()}; }

std::error_code translate_tls_error(std::error_code error, long verify_result, bool in_handshake) {
  if (!error || error == asio::error::operation_aborted) return error;
  if (error.category() == asio::error::get_ssl_category()) {
    const auto code = static_cast<unsigned>(error.value());
    return openssl_error(ERR_GET_REASON(code), verify_result);
  }
  // Every message says where it ends, so a connection that was cut can't pass for a complete one,
  // and peers close without a farewell.
  const bool cut = error == asio::ssl::error::stream_truncated;
  if (in_handshake) return TlsErrc::closed;
  return cut ? std::error_code(asio::error::eof) : error;
}

}  // namespace samoyed::io
