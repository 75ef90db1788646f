#include "support/certificates.hpp"

#include <cstdio>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace samoyed::test {
namespace {

struct FreeKeys {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKeys>;
using Certificate = std::unique_ptr<X509, FreeKeys>;
using Bio = std::unique_ptr<BIO, FreeKeys>;

long next_serial = 1;

Key make_key() { return Key(EVP_EC_gen("P-256")); }

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Returns a certificate of `key` without a signature.
Certificate draft(const std::string& name, EVP_PKEY* key, const CertificateSpec& spec) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), next_serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), spec.from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), spec.until_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

Bio open_bio(const std::filesystem::path& path) {
  std::filesystem::remove(path);
  return Bio(BIO_new_file(path.c_str(), "w"));
}

}  // namespace

struct CertificateAuthority::Keys {
  Key key = make_key();
  Certificate certificate;
};

CertificateAuthority::CertificateAuthority(CertificateSpec spec) : keys_(std::make_unique<Keys>()) {
  const std::string name = "Test CA " + folder_.path().filename().string();
  keys_->certificate = draft(name, keys_->key.get(), spec);
  X509* const certificate = keys_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate, keys_->key.get(), EVP_sha256());
  PEM_write_bio_X509(open_bio(ca_file()).get(), certificate);
}

CertificateAuthority::~CertificateAuthority() = default;

io::TlsFiles CertificateAuthority::issue(const std::string& name,
                                         const CertificateSpec& spec) const {
  const Key key = make_key();
  const Certificate certificate = draft(name, key.get(), spec);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  if (!spec.names.empty()) add_extension(certificate.get(), NID_subject_alt_name, spec.names);
  if (!spec.purpose.empty()) add_extension(certificate.get(), NID_ext_key_usage, spec.purpose);
  X509_sign(certificate.get(), keys_->key.get(), EVP_sha256());
  const io::TlsFiles files{.ca = ca_file(),
                           .certificate = folder_.path() / (name + ".pem"),
                           .key = folder_.path() / (name + ".key")};
  PEM_write_bio_X509(open_bio(files.certificate).get(), certificate.get());
  PEM_write_bio_PrivateKey(open_bio(files.key).get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  std::filesystem::permissions(
      files.key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return files;
}

}  // namespace samoyed::test
