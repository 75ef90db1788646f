#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The Content-Security-Policy of every response: a page may load only this site's own files.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Returns a response's header as it goes over the wire, with Date, Content-Length, Connection, and
/// the fields that limit what a browser may do with the response. The body of a stream is chunked,
/// or ends with the connection for HTTP/1.0. `request_version` is Request's `version`.
std::string header_bytes(const Response& response, int request_version, bool keep_alive,
                         std::chrono::system_clock::time_point now);

/// Returns a piece of a chunked body, encoded. `piece` must not be empty.
std::string chunk_bytes(std::string_view piece);
/// Returns the bytes that end a chunked body.
std::string last_chunk_bytes();

/// Returns the time in the form `Sun, 06 Nov 1994 08:49:37 GMT`, the IMF-fixdate of RFC 9110,
/// section 5.6.7.
std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace samoyed::web
