#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "web/forms/form_scanner.hpp"

namespace samoyed::web {

// How the header of a form's part is read. multipart.cpp implements it.

/// The error for a form that ends too early, and for one with line ends that lack the CR.
FormError incomplete();
FormError lf_lines();

/// The lines of a part's header, with folded lines joined (RFC 5322, section 2.2.3).
struct PartHeader {
  std::vector<std::string> lines;
  std::size_t length = 0;  ///< In bytes, with the empty line.
};

/// Reads the header of a part, with which `text` begins. If its end is missing, the error is
/// `incomplete` or `lf_lines`.
std::variant<PartHeader, FormError> read_part_header(std::string_view text);

/// Sets the part's names to those of its header. Returns an error if it has none.
std::optional<FormError> read_names(const PartHeader& header, ScannedPart& part);

}  // namespace samoyed::web
