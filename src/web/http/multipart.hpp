#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace samoyed::web {

/// One field of a form that was sent as multipart/form-data.
struct FormPart {
  std::string name;
  /// As the user's system names the file, for showing only: may hold anything, also `/` and markup.
  /// std::nullopt if the part has no `filename`; empty where a browser's user chose no file.
  std::optional<std::string> file_name;
  /// The part's content, within the request's body.
  std::string_view content;
};

struct Form {
  std::vector<FormPart> parts;

  /// The first part of that name; null if there is none.
  const FormPart* find(std::string_view name) const;
};

/// Why a body is no form: one sentence for a person.
struct FormError {
  std::string sentence;
};

inline constexpr std::size_t form_parts_max = 32;
/// Of one part's header, all lines.
inline constexpr std::size_t part_header_bytes_max = 8192;

/// The boundary that a Content-Type of multipart/form-data names; std::nullopt for any
/// other Content-Type and for a boundary that RFC 2046, section 5.1.1, doesn't allow.
std::optional<std::string> form_boundary(std::string_view content_type);

/// Takes a whole body apart (RFC 7578, RFC 2046). The views are into `body`. `filename*` is ignored
/// as RFC 7578, section 4.2, demands; `%22`, `%0D` and `%0A` in names are what browsers write for
/// a quotation mark, CR and LF (WHATWG HTML, 'multipart/form-data encoding algorithm').
std::variant<Form, FormError> parse_form(std::string_view body, std::string_view boundary);

}  // namespace samoyed::web
