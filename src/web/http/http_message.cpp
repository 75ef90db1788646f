#include "web/http/http_message.hpp"

#include <algorithm>

namespace samoyed::web {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view find_field(const Fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
    return equal_ignoring_case(field.name, name);
  });
  return found == fields.end() ? std::string_view() : std::string_view(found->value);
}

std::size_t count_fields(const Fields& fields, std::string_view name) {
  const auto count = std::count_if(fields.begin(), fields.end(), [&](const Field& field) {
    return equal_ignoring_case(field.name, name);
  });
  return static_cast<std::size_t>(count);
}

bool is_form_type(std::string_view content_type) {
  const std::string_view essence = content_type.substr(0, content_type.find(';'));
  return equal_ignoring_case(trimmed(essence), "multipart/form-data");
}

}  // namespace samoyed::web
