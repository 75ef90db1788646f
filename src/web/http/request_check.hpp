#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "web/http/http_message.hpp"

namespace samoyed::web {

/// Looks at a header's bytes as they come, before the HTTP library sees them.
///
/// Finds the header's end, and refuses at once what RFC 9112 forbids or lets a server refuse and
/// what two programs in a row might understand differently: a line feed without carriage return or
/// the reverse, other control bytes (a TLS hello, zeros), a folded line. The library would wait for
/// more on some of these and accept others.
class HeaderScan {
 public:
  enum class State { need_more, complete, bad };

  /// `bytes` begins at the header's first byte and only ever grows; bytes that an earlier call saw
  /// are not looked at again. After `complete` or `bad` it may not be called again.
  State scan(std::string_view bytes);

  /// After `complete`: of the header with its empty line, in bytes. 2 if that line is all there is.
  std::size_t length() const { return position_; }

 private:
  std::size_t position_ = 0;
  std::size_t line_begin_ = 0;
};

/// The same for the bytes between a chunked body's pieces: their size lines with extensions, and
/// the trailers. `bytes` may begin and end anywhere but within a line.
bool is_clean_framing(std::string_view bytes);

/// True for a request line that names some HTTP version, in the words of RFC 9112, section 2.3: the
/// answer to one that isn't ours is 505, to something else 400.
bool names_http_version(std::string_view header);

/// What the HTTP library lets pass and a server may not: RFC 9112, sections 3.2 (Host), 6.1 and 6.3
/// (Transfer-Encoding, Content-Length). Every problem here ends the connection, since where the
/// request ends is in doubt.
std::optional<Problem> check_head(const Request& head);

}  // namespace samoyed::web
