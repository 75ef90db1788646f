#include "web/http/base_path.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace samoyed::web {
namespace {

constexpr std::size_t base_path_length_max = 200;

/// `__Host-` in a cookie's name requires `Path=/`.
constexpr std::string_view host_only_prefix = "__Host-";

bool is_segment(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  };
  return !text.empty() && text != "." && text != ".." && std::ranges::all_of(text, allowed);
}

/// The attributes of our templates that hold addresses.
constexpr std::array<std::string_view, 4> address_attributes{" href", " src", " action",
                                                             " data-numbers"};

/// Text from outside never looks like such an attribute, because its quotation marks are escaped.
std::string page_with_base_path(std::string_view page, std::string_view base_path) {
  constexpr std::string_view value = "=\"/";
  std::string result;
  result.reserve(page.size() + 64 * base_path.size());
  std::size_t done = 0;
  for (std::size_t at = page.find(value); at != page.npos; at = page.find(value, at + 1)) {
    const std::string_view before = page.substr(0, at);
    const bool address = std::ranges::any_of(
        address_attributes, [&](std::string_view name) { return before.ends_with(name); });
    if (!address) continue;
    const std::size_t slash = at + value.size() - 1;
    result.append(page.substr(done, slash - done)).append(base_path);
    done = slash;
  }
  result.append(page.substr(done));
  return result;
}

void add_to_cookie(std::string& cookie, std::string_view base_path) {
  constexpr std::string_view everywhere = "; Path=/;";
  const std::size_t at = cookie.find(everywhere);
  if (at == cookie.npos || cookie.starts_with(host_only_prefix)) return;
  cookie.replace(at, everywhere.size(), "; Path=" + std::string(base_path) + ";");
}

}  // namespace

std::optional<std::string> parse_base_path(std::string_view text) {
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::string path(text);
  if (path.empty()) return path;
  if (path.size() > base_path_length_max || !path.starts_with('/')) return std::nullopt;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t end = std::min(text.find('/'), text.size());
    if (!is_segment(text.substr(0, end))) return std::nullopt;
    text.remove_prefix(end);
  }
  return path;
}

std::string_view without_base_path(std::string_view path, std::string_view base_path) {
  if (!path.starts_with(base_path)) return path;
  const std::string_view rest = path.substr(base_path.size());
  if (rest.empty()) return "/";
  return rest.starts_with('/') ? rest : path;
}

std::string page_below(std::string page, std::string_view base_path) {
  return base_path.empty() ? std::move(page) : page_with_base_path(page, base_path);
}

void add_base_path(Response& response, std::string_view base_path) {
  if (base_path.empty()) return;
  bool is_page = false;
  for (Field& field : response.fields) {
    if (field.name == "Location" && field.value.starts_with('/')) {
      field.value.insert(0, base_path);
    } else if (field.name == "Set-Cookie") {
      add_to_cookie(field.value, base_path);
    } else if (field.name == "Content-Type") {
      is_page = field.value.starts_with("text/html");
    }
  }
  if (is_page && !response.body_has_base_path)
    response.body = page_below(std::move(response.body), base_path);
}

}  // namespace samoyed::web
