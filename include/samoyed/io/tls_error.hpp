#pragma once

#include <array>
#include <string>
#include <string_view>
#include <system_error>

namespace samoyed::io {

/// Which side of a TLS connection a program is.
enum class TlsRole {
  client,  ///< It connects.
  server,  ///< It accepts connections.
};

/// Why a TLS handshake failed, or a TLS connection broke.
enum class TlsErrc {
  not_tls = 1,        ///< The peer's bytes aren't TLS.
  closed,             ///< The peer closed the connection before the handshake was over.
  untrusted,          ///< No certificate of ours has signed the peer's.
  expired,            ///< The peer's certificate, or one that signed it, has expired.
  not_yet_valid,      ///< The peer's certificate isn't valid yet.
  wrong_name,         ///< The peer's certificate is for other names and addresses.
  wrong_purpose,      ///< The peer's certificate is only for the other side.
  no_certificate,     ///< The peer has sent none.
  refused_untrusted,  ///< The peer doesn't know who signed our certificate.
  refused_expired,    ///< To the peer, our certificate has expired.
  refused,            ///< The peer refused our certificate for another reason.
  old_version,        ///< The peer doesn't support TLS 1.3.
  timed_out,          ///< The handshake took too long.
  broken,             ///< Anything else.
};

inline constexpr std::array all_tls_errors = {
    TlsErrc::not_tls,         TlsErrc::closed,         TlsErrc::untrusted,
    TlsErrc::expired,         TlsErrc::not_yet_valid,  TlsErrc::wrong_name,
    TlsErrc::wrong_purpose,   TlsErrc::no_certificate, TlsErrc::refused_untrusted,
    TlsErrc::refused_expired, TlsErrc::refused,        TlsErrc::old_version,
    TlsErrc::timed_out,       TlsErrc::broken,
};

/// The error as a value for metrics, for example `wrong_name`.
std::string_view to_label(TlsErrc error);

/// Says what is wrong with the peer ("it"), and what to do, as part of a sentence. `ca` and
/// `certificate` name our own files.
std::string explain(TlsErrc error, TlsRole role, std::string_view ca, std::string_view certificate);

/// Its messages are those for a client, with options instead of files.
const std::error_category& tls_category();
std::error_code make_error_code(TlsErrc value);

/// Translates the error of a TLS operation. `verify_result` is OpenSSL's verdict about the peer's
/// certificate. After the handshake, the end of the connection is `asio::error::eof`, and network
/// errors stay as they are. A canceled operation stays canceled.
std::error_code translate_tls_error(std::error_code error, long verify_result, bool in_handshake);

}  // namespace samoyed::io

template <>
struct std::is_error_code_enum<samoyed::io::TlsErrc> : std::true_type {};
