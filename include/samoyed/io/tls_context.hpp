#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "samoyed/io/tls_error.hpp"

namespace asio::ssl {
class context;
}

namespace samoyed::io {

/// The PEM files of one side. Either all are set, or none is.
struct TlsFiles {
  std::filesystem::path ca;           ///< Certificates of which one must have signed the peer's.
  std::filesystem::path certificate;  ///< Our own, and then those between it and the peer's CA.
  std::filesystem::path key;          ///< Its private key.

  bool empty() const { return certificate.empty(); }
};

/// Values for metrics.
struct TlsStatus {
  std::uint64_t handshakes = 0;  ///< Those that succeeded.
  /// Those that failed, by the label of the reason. All reasons are listed.
  std::vector<std::pair<std::string_view, std::uint64_t>> failures;
  std::uint64_t reload_failures = 0;
  std::int64_t expires_s = 0;  ///< When our certificate expires, in seconds since 1970 in UTC.
};

/// A certificate that expires within this time causes a warning.
inline constexpr std::int64_t tls_expiry_warning_s = 7 * 24 * 3600;

/// Keys and rules for TLS connections: only TLS 1.3, both sides show a certificate, and a
/// connection is never resumed, so each one is checked completely.
///
/// Thread rule: any thread, but `reload` only while a single thread uses the context.
class TlsContext {
 public:
  /// Throws std::runtime_error with one sentence that names the file and says what to do.
  TlsContext(TlsFiles files, TlsRole role);

  /// Reads the files again. New connections use them; older ones keep what they began with. Throws
  /// like the constructor; then the former content stays in use.
  void reload();

  /// `reload`, and writes the outcome to the log instead of throwing.
  void reload_and_log();
  /// Writes to the log until when the certificate is valid.
  void log_expiry() const;

  /// What is wrong with the peer, and what to do, as part of a sentence. Names our files where they
  /// matter. Takes any error.
  std::string explain(std::error_code error) const;

  TlsStatus status() const;
  const TlsFiles& files() const { return files_; }
  TlsRole role() const { return role_; }

  // For connections:
  /// The current keys and rules.
  std::shared_ptr<asio::ssl::context> current() const { return current_; }
  /// Counts a handshake. `error` is its result.
  void count(std::error_code error);

 private:
  void load();

  const TlsFiles files_;
  const TlsRole role_;
  std::shared_ptr<asio::ssl::context> current_;
  std::int64_t expires_s_ = 0;
  std::uint64_t reload_failures_ = 0;
  std::atomic<std::uint64_t> handshakes_ = 0;
  std::array<std::atomic<std::uint64_t>, all_tls_errors.size()> failures_{};
};

}  // namespace samoyed::io
