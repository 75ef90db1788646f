#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace samoyed::web {

/// A request's target, taken apart but not decoded.
struct Target {
  /// Begins with a slash.
  std::string_view path;
  /// Behind the question mark; empty if there is none.
  std::string_view query;
  /// Of the absolute form: the text between `//` and the path, unchecked.
  std::optional<std::string_view> authority;
};

/// Reads the origin form (`/add/a:1?x=y`) and the absolute form (`http://host/add/a:1`) of RFC
/// 9112, section 3.2; std::nullopt for any other.
std::optional<Target> parse_target(std::string_view text);

/// `%41` becomes `A`; std::nullopt if a percent sign isn't followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

/// Leaves what is unreserved in RFC 3986, and `: [ ]`, as it is.
std::string percent_encode(std::string_view text);

/// The first value of that name in `name=value&...`, decoded as an HTML form encodes it (a plus
/// sign is a space); std::nullopt if it is missing or badly encoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace samoyed::web
