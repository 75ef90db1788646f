#include "samoyed/io/tls_options.hpp"

#include <stdexcept>

#include <CLI/CLI.hpp>

namespace samoyed::io {

void add_tls_options(CLI::App& app, TlsFiles& files, const std::string& peer) {
  const auto add = [&app](const char* name, std::filesystem::path& path, const std::string& text) {
    return app.add_option(name, path, text)->type_name("FILE");
  };
  auto* const ca = add(
      "--worker-tls-ca", files.ca,
      "PEM file of certificates (CA) that must have signed those of " + peer + "; turns on TLS");
  auto* const certificate = add("--worker-tls-cert", files.certificate,
                                "PEM file of this program's certificate for TLS with " + peer);
  auto* const key = add("--worker-tls-key", files.key,
                        "PEM file of that certificate's private key, without a password");
  ca->needs(certificate, key);
  certificate->needs(ca, key);
  key->needs(ca, certificate);
}

std::shared_ptr<TlsContext> load_tls(const TlsFiles& files, TlsRole role) {
  if (files.empty()) return nullptr;
  try {
    return std::make_shared<TlsContext>(files, role);
  } catch (const std::runtime_error& error) {
    throw CLI::ValidationError(error.what());
  }
}

}  // namespace samoyed::io
