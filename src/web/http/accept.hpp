#pragma once

#include <span>
#include <string_view>

namespace samoyed::web {

// What a client accepts (RFC 9110, section 12.5).

/// How much a client wants a media type.
struct Acceptance {
  /// From 0, not at all, to 1000.
  int quality = 0;
  /// How exactly the client names it: 0 for `*/*`, 1 for `text/*`, 2 for `text/html`.
  int precision = 0;
};

/// Returns what a field Accept says about a media type such as `text/html`. Its most precise entry
/// counts. An empty field accepts everything.
Acceptance acceptance_of(std::string_view accept, std::string_view media_type);

/// Returns true if a field Accept-Encoding accepts gzip. An empty field doesn't.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace samoyed::web
