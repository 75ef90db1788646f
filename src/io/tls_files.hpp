#pragma once

#include <cstdint>
#include <string>

#include "samoyed/io/tls_context.hpp"

namespace samoyed::io {

/// The content of the files, which has been checked as far as one side can.
struct TlsCredentials {
  std::string ca;
  std::string certificate;
  std::string key;
  std::int64_t expires_s = 0;  ///< When the certificate expires, in seconds since 1970 in UTC.
};

/// Reads the files. Throws std::runtime_error, with one sentence that names the file and says what
/// to do, if one is unreadable or no PEM file of its kind, has expired by `now_s` or isn't valid
/// yet, or if other users of the machine can read the key.
///
/// Uses no other system calls than open, fstat, read and close, because a confined worker may make
/// no others.
TlsCredentials read_tls_files(const TlsFiles& files, std::int64_t now_s);

/// For example `2026-12-24 18:00 UTC`.
std::string utc_text(std::int64_t time_s);

}  // namespace samoyed::io
