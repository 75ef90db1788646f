#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/http/form_scanner.hpp"

namespace samoyed::web {

/// One part of a form that was sent as multipart/form-data.
struct FormPart {
  std::string name;
  /// The file's name on the user's system, for display only. May contain anything, including `/`
  /// and markup, but is valid UTF-8. std::nullopt if the part has no `filename`. Empty if a
  /// browser's user chose no file.
  std::optional<std::string> file_name;
  /// The part's content. A view into the request's body.
  std::string_view content;
};

struct Form {
  std::vector<FormPart> parts;

  /// Returns the first part of that name, or null if there is none.
  const FormPart* find(std::string_view name) const;
};

/// Size limit for the boundary in characters (RFC 2046, section 5.1.1).
inline constexpr std::size_t boundary_length_max = 70;

/// Returns true if a Content-Type is multipart/form-data.
bool is_form_type(std::string_view content_type);

/// Returns the boundary in a Content-Type for which `is_form_type` is true. Returns an error if it
/// has none, or one that RFC 2046, section 5.1.1, doesn't allow.
std::variant<std::string, FormError> form_boundary(std::string_view content_type);

/// Parses a whole body (RFC 7578, RFC 2046). The parts refer to `body`. `filename*` is ignored, as
/// RFC 7578, section 4.2, requires. `%22`, `%0D` and `%0A` in names are decoded, because browsers
/// write them for a quotation mark, CR and LF (WHATWG HTML, 'multipart/form-data encoding
/// algorithm'). Folded header lines, names in single quotation marks, and quotation marks that a
/// client forgot to escape are accepted.
std::variant<Form, FormError> parse_form(std::string_view body, std::string_view boundary);

}  // namespace samoyed::web
