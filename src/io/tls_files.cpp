#include "io/tls_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace samoyed::io {
namespace {

/// A bundle of all CAs of the world has 200 kB.
constexpr std::size_t pem_bytes_max = std::size_t{1} << 20;

struct FreeOpenssl {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using BioPointer = std::unique_ptr<BIO, FreeOpenssl>;
using CertificatePointer = std::unique_ptr<X509, FreeOpenssl>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeOpenssl>;

/// A file and the option that names it, for errors.
struct NamedFile {
  const std::filesystem::path& path;
  const char* option;

  std::string text() const { return path.string() + " (" + option + ")"; }
};

class OpenFile {
 public:
  explicit OpenFile(const NamedFile& file)
      : file_(file), descriptor_(open(file.path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  ~OpenFile() { close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool others_may_read() const {
    struct stat status {};
    if (fstat(descriptor_, &status) != 0) fail();
    return (status.st_mode & S_IROTH) != 0;
  }

  std::string content() const {
    std::string bytes;
    std::array<char, 16384> part;
    while (bytes.size() <= pem_bytes_max) {
      const ssize_t size = read(descriptor_, part.data(), part.size());
      if (size < 0) fail();
      if (size == 0) return bytes;
      bytes.append(part.data(), static_cast<std::size_t>(size));
    }
    throw std::runtime_error(file_.text() + " is larger than " + std::to_string(pem_bytes_max) +
                             " bytes; name a PEM file");
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error("can't read " + file_.text() + ": " +
                             std::generic_category().message(errno));
  }

  const NamedFile& file_;
  const int descriptor_;
};

BioPointer memory_bio(const std::string& bytes) {
  return BioPointer(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::vector<CertificatePointer> parse_certificates(const NamedFile& file,
                                                   const std::string& content) {
  const BioPointer bio = memory_bio(content);
  std::vector<CertificatePointer> certificates;
  while (CertificatePointer next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    certificates.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) {
    throw std::runtime_error(
        file.text() +
        (certificates.empty() ? " has no certificate" : " has a damaged certificate") +
        "; it must be a PEM file with -----BEGIN CERTIFICATE-----");
  }
  return certificates;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return timegm(&parts);
}

std::int64_t expiry_s(const CertificatePointer& certificate) {
  return seconds_of(X509_get0_notAfter(certificate.get()));
}

KeyPointer parse_key(const NamedFile& file, const std::string& content) {
  const BioPointer bio = memory_bio(content);
  // Without this, OpenSSL would ask for a password at the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  KeyPointer key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) {
    throw std::runtime_error(file.text() +
                             " must be a private key in PEM format without a password");
  }
  return key;
}

void check_times(const NamedFile& file, const CertificatePointer& certificate, std::int64_t now_s) {
  const std::int64_t from_s = seconds_of(X509_get0_notBefore(certificate.get()));
  if (now_s < from_s) {
    throw std::runtime_error("the certificate " + file.text() + " isn't valid before " +
                             utc_text(from_s) + "; check this machine's clock");
  }
  if (now_s >= expiry_s(certificate)) {
    throw std::runtime_error("the certificate " + file.text() + " expired on " +
                             utc_text(expiry_s(certificate)) + "; issue a new one");
  }
}

/// A bundle may hold old certificates, but not only those.
void check_any_valid(const NamedFile& file, const std::vector<CertificatePointer>& certificates,
                     std::int64_t now_s) {
  std::int64_t last_s = 0;
  for (const CertificatePointer& certificate : certificates) {
    last_s = std::max(last_s, expiry_s(certificate));
  }
  if (now_s < last_s) return;
  throw std::runtime_error("the certificates " + file.text() + " expired on " + utc_text(last_s) +
                           "; issue new ones");
}

}  // namespace

std::string utc_text(std::int64_t time_s) {
  const std::time_t time = time_s;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
  return {text, size};
}

TlsCredentials read_tls_files(const TlsFiles& files, std::int64_t now_s) {
  const NamedFile ca{files.ca, "--worker-tls-ca"};
  const NamedFile certificate{files.certificate, "--worker-tls-cert"};
  const NamedFile key{files.key, "--worker-tls-key"};

  TlsCredentials credentials{
      .ca = OpenFile(ca).content(), .certificate = OpenFile(certificate).content(), .key = {}};
  const OpenFile key_file(key);
  if (key_file.others_may_read()) {
    throw std::runtime_error("every user of this machine can read " + key.text() +
                             "; make a new key, and run: chmod o= " + files.key.string());
  }
  credentials.key = key_file.content();

  check_any_valid(ca, parse_certificates(ca, credentials.ca), now_s);
  const auto chain = parse_certificates(certificate, credentials.certificate);
  check_times(certificate, chain.front(), now_s);
  credentials.expires_s = expiry_s(chain.front());
  const KeyPointer private_key = parse_key(key, credentials.key);
  const bool fits = X509_check_private_key(chain.front().get(), private_key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    throw std::runtime_error("the key " + key.text() + " doesn't belong to the certificate " +
                             certificate.text());
  }
  return credentials;
}

}  // namespace samoyed::io
