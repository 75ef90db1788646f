#pragma once

#include <string>
#include <string_view>

namespace samoyed::io {

/// The first 128 bits of the text's SHA-256, in hexadecimal. Nobody can find the text from it if
/// the text can't be guessed.
std::string digest_hex(std::string_view text);

/// The first 128 bits of the text's HMAC-SHA256, in hexadecimal. Nobody can make it without the
/// key.
std::string signature_hex(std::string_view key, std::string_view text);

}  // namespace samoyed::io
