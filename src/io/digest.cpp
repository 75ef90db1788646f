#include "samoyed/io/digest.hpp"

#include <array>
#include <cstddef>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <span>
#include <stdexcept>

namespace samoyed::io {
namespace {

constexpr std::size_t kept_bytes = 16;
using Bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>;

std::string hex(const Bytes& bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : std::span(bytes).first(kept_bytes)) {
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

}  // namespace

std::string digest_hex(std::string_view text) {
  Bytes bytes{};
  if (EVP_Digest(text.data(), text.size(), bytes.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("libcrypto can't compute SHA-256");
  }
  return hex(bytes);
}

std::string signature_hex(std::string_view key, std::string_view text) {
  Bytes bytes{};
  const auto* const data = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data, text.size(), bytes.data(),
           nullptr) == nullptr) {
    throw std::runtime_error("libcrypto can't compute HMAC-SHA256");
  }
  return hex(bytes);
}

}  // namespace samoyed::io
