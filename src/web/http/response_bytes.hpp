#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// The policy that every response carries: a page may load only this site's own files.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A response's header as it goes over the wire, with Date, Content-Length, Connection, and the
/// fields that keep a browser from doing more with the response than was meant. A stream's body is
/// chunked, or for HTTP/1.0 ends with the connection. `request_version` as Request has it.
std::string header_bytes(const Response& response, int request_version, bool keep_alive,
                         std::chrono::system_clock::time_point now);

/// A piece of a chunked body, not empty, and what ends one.
std::string chunk_bytes(std::string_view piece);
std::string last_chunk_bytes();

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the IMF-fixdate of RFC 9110, section 5.6.7.
std::string http_date(std::chrono::system_clock::time_point time);

}  // namespace samoyed::web
