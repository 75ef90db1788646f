#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "samoyed/io/tls_context.hpp"
#include "support/temporary_folder.hpp"

namespace samoyed::test {

/// What a certificate says.
struct CertificateSpec {
  std::string names = "DNS:localhost,IP:127.0.0.1";  ///< As OpenSSL's subjectAltName.
  std::string purpose = "";        ///< As OpenSSL's extendedKeyUsage; empty for any.
  long from_s = -3600;             ///< From now.
  long until_s = 30L * 24 * 3600;  ///< From now.
};

/// A certificate authority whose files are in a temporary folder.
class CertificateAuthority {
 public:
  explicit CertificateAuthority(CertificateSpec spec = {});
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  /// Writes NAME.pem and NAME.key with a new certificate, and replaces what is there. The files
  /// trust this authority.
  io::TlsFiles issue(const std::string& name, const CertificateSpec& spec = {}) const;

  std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  struct Keys;

  TemporaryFolder folder_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace samoyed::test
