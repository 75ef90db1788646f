#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/forms/form_scanner.hpp"

namespace samoyed::test {

struct FormPart {
  std::string name;
  std::optional<std::string> file_name;
  std::string_view content;  ///< A view into the body.
};

struct Form {
  /// Returns the first part of that name, or null if there is none.
  const FormPart* find(std::string_view name) const {
    const auto found = std::ranges::find(parts, name, &FormPart::name);
    return found == parts.end() ? nullptr : &*found;
  }

  std::vector<FormPart> parts;
};

/// Parses a body that is there as a whole.
inline std::variant<Form, web::FormError> parse_form(std::string_view body,
                                                     std::string_view boundary) {
  web::FormScanner scanner(boundary);
  if (auto error = scanner.scan(body)) return *std::move(error);
  if (auto error = scanner.finish()) return *std::move(error);
  Form form;
  for (const web::ScannedPart& part : scanner.parts()) {
    form.parts.push_back({part.name, part.file_name, body.substr(part.begin, part.size)});
  }
  return form;
}

}  // namespace samoyed::test
