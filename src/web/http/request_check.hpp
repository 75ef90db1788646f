#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Checks a header's bytes as they arrive, before the HTTP library sees them.
///
/// Finds the header's end, and rejects at once what RFC 9112 forbids or allows a server to reject,
/// and what a proxy and this server might interpret differently: a line feed without a carriage
/// return or the reverse, other control bytes (a TLS hello, zeros), and folded lines. The library
/// would wait for more bytes on some of these, and accept others.
class HeaderScan {
 public:
  enum class State { need_more, complete, bad };

  /// `bytes` begins at the header's first byte and may only grow between calls. Bytes that an
  /// earlier call saw are not scanned again. Must not be called again after `complete` or `bad`.
  State scan(std::string_view bytes);

  /// Length of the header in bytes, including its empty line; valid after `complete`. 2 if the
  /// empty line is all there is.
  std::size_t length() const { return position_; }

 private:
  std::size_t position_ = 0;
  std::size_t line_begin_ = 0;
};

/// Applies the same rules to the bytes around the pieces of a chunked body: the size lines with
/// their extensions, and the trailers. `bytes` must not begin or end within a line.
bool is_clean_framing(std::string_view bytes);

/// Returns true if the request line names an HTTP version, as defined in RFC 9112, section 2.3. An
/// unsupported version is answered with 505, anything else with 400.
bool names_http_version(std::string_view header);

/// Checks what the HTTP library accepts but a server must reject: RFC 9112, sections 3.2
/// (Host), 6.1 and 6.3 (Transfer-Encoding, Content-Length). Returns std::nullopt if the head is
/// valid. Every problem found here must end the connection, because it is unclear where the request
/// ends.
std::optional<Problem> check_head(const Request& head);

}  // namespace samoyed::web
