#include "web/forms/multipart.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "samoyed/protocol/utf8.hpp"
#include "web/forms/form_header.hpp"
#include "web/http/http_message.hpp"
#include "web/http/size_text.hpp"

namespace samoyed::web {
namespace {

using FormParameters = std::vector<std::pair<std::string_view, std::string>>;

/// Returns true if the text after a quotation mark shows that it closes a value: nothing follows,
/// or the next parameter.
bool ends_value(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return true;
  if (text.front() != ';') return false;
  text = trimmed(text.substr(1));
  const std::size_t name = text.find_first_of("=;\"' \t");
  return text.empty() || (name != 0 && name != text.npos && trimmed(text.substr(name))[0] == '=');
}

/// Takes the text after an opening quotation mark. Returns the quoted text and what follows the
/// closing quotation mark. In RFC 2045, `\"` is an escaped quotation mark, but browsers also write
/// it for a name that ends in a backslash. If no other quotation mark closes the text, that one
/// does. A quotation mark that can't close the text belongs to it, because some clients escape
/// nothing.
std::optional<std::pair<std::string, std::string_view>> read_quoted(std::string_view text,
                                                                    char mark) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == mark && ends_value(text.substr(i + 1))) {
      return std::pair(std::move(value), text.substr(i + 1));
    }
    const bool escaped =
        text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == mark || text[i + 1] == '\\');
    if (escaped) ++i;
    value += text[i];
  }
  const std::size_t end = text.rfind(mark);
  if (end == text.npos) return std::nullopt;
  return std::pair(std::string(text.substr(0, end)), text.substr(end + 1));
}

/// Decodes only the three escapes that browsers write. `100%41.jpg` stays as it is.
std::string unescape_browser_name(std::string_view text) {
  constexpr std::pair<std::string_view, char> escapes[] = {
      {"%22", '"'}, {"%0D", '\r'}, {"%0A", '\n'}};
  std::string name;
  while (!text.empty()) {
    const auto* const escape =
        std::find_if(std::begin(escapes), std::end(escapes), [&](const auto& candidate) {
          return equal_ignoring_case(text.substr(0, candidate.first.size()), candidate.first);
        });
    const bool found = escape != std::end(escapes);
    name += found ? escape->second : text.front();
    text.remove_prefix(found ? escape->first.size() : 1);
  }
  return name;
}

/// Parses `; name=value; name="value"`. Returns std::nullopt if the text doesn't have that form.
/// `marks` are the characters that may enclose a value.
std::optional<FormParameters> parse_parameters(std::string_view text, std::string_view marks) {
  FormParameters parameters;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    if (text.front() != ';') return std::nullopt;
    text = trimmed(text.substr(1));
    if (text.empty()) break;
    const std::size_t equals = text.find('=');
    if (equals == text.npos) return std::nullopt;
    const std::string_view name = trimmed(text.substr(0, equals));
    text = trimmed(text.substr(equals + 1));
    if (!text.empty() && marks.find(text.front()) != marks.npos) {
      auto quoted = read_quoted(text.substr(1), text.front());
      if (!quoted) return std::nullopt;
      parameters.emplace_back(name, std::move(quoted->first));
      text = quoted->second;
    } else {
      const std::size_t end = std::min(text.find(';'), text.size());
      parameters.emplace_back(name, std::string(trimmed(text.substr(0, end))));
      text.remove_prefix(end);
    }
  }
  return parameters;
}

const std::string* find_parameter(const FormParameters& parameters, std::string_view name) {
  for (const auto& [key, value] : parameters) {
    if (equal_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

}  // namespace

FormError incomplete() {
  return {"The upload is incomplete: the form ends before its last boundary."};
}

FormError lf_lines() {
  return {"The form has lines that end with LF only. Its lines must end with CR LF."};
}

std::variant<PartHeader, FormError> read_part_header(std::string_view text) {
  PartHeader header;
  while (true) {
    const std::size_t end = text.substr(0, part_header_bytes_max).find("\r\n", header.length);
    if (end == text.npos && text.size() >= part_header_bytes_max) {
      return FormError{"A part of the form has a header that is too long (limit " +
                       size_text(part_header_bytes_max) + ")."};
    }
    if (end == text.npos) return text.find('\n') == text.npos ? incomplete() : lf_lines();
    const std::string_view line = text.substr(header.length, end - header.length);
    header.length = end + 2;
    if (line.empty()) return header;
    if (line.find('\n') != line.npos) return lf_lines();
    const bool folded = line.front() == ' ' || line.front() == '\t';
    if (!folded) {
      header.lines.emplace_back(line);
    } else if (header.lines.empty()) {
      return FormError{"A part of the form has a header that begins with a blank."};
    } else {
      header.lines.back().append(" ").append(trimmed(line));
    }
  }
}

std::optional<FormError> read_names(const PartHeader& header, ScannedPart& part) {
  bool named = false;
  for (const std::string_view line : header.lines) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return FormError{"A part of the form has a header without a colon."};
    if (!equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) continue;
    const std::string_view value = trimmed(line.substr(colon + 1));
    const std::size_t kind_end = std::min(value.find(';'), value.size());
    // PHP also takes single quotation marks, so there are clients that write them.
    const auto parameters = parse_parameters(value.substr(kind_end), "\"'");
    const std::string* name = parameters ? find_parameter(*parameters, "name") : nullptr;
    if (!name || !equal_ignoring_case(trimmed(value.substr(0, kind_end)), "form-data")) {
      return FormError{"A part of the form has a Content-Disposition without a name."};
    }
    named = true;
    part.name = protocol::to_utf8(unescape_browser_name(*name));
    if (const std::string* file_name = find_parameter(*parameters, "filename")) {
      part.file_name = protocol::to_utf8(unescape_browser_name(*file_name));
    }
  }
  if (!named) return FormError{"A part of the form has no Content-Disposition."};
  return std::nullopt;
}

std::variant<std::string, FormError> form_boundary(std::string_view content_type) {
  const std::size_t type_end = std::min(content_type.find(';'), content_type.size());
  const auto parameters = parse_parameters(content_type.substr(type_end), "\"");
  const std::string* boundary = parameters ? find_parameter(*parameters, "boundary") : nullptr;
  if (!boundary || boundary->empty()) {
    return FormError{
        "The form's Content-Type names no boundary. Let your HTTP client set the field."};
  }
  if (boundary->size() > boundary_length_max) {
    return FormError{"The form's boundary is too long (limit " +
                     std::to_string(boundary_length_max) + " characters)."};
  }
  const auto allowed = [](char c) {
    constexpr std::string_view marks = "'()+_,-./:=? ";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != marks.npos;
  };
  if (boundary->back() == ' ' || !std::ranges::all_of(*boundary, allowed)) {
    return FormError{
        "The form's boundary has characters that RFC 2046 doesn't allow there. Use letters and "
        "digits."};
  }
  return *boundary;
}

}  // namespace samoyed::web
