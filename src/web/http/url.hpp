#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace samoyed::web {

/// A request target, split into its parts but not decoded.
struct Target {
  /// Begins with a slash.
  std::string_view path;
  /// What follows the question mark. Empty if there is none.
  std::string_view query;
  /// In the absolute form, the text between `//` and the path, unchecked.
  std::optional<std::string_view> authority;
};

/// Parses the origin form (`/add/a:1?x=y`) and the absolute form (`http://host/add/a:1`) of RFC
/// 9112, section 3.2. Returns std::nullopt for any other form. The result refers to `text`.
std::optional<Target> parse_target(std::string_view text);

/// Decodes `%41` to `A`. Returns std::nullopt if a percent sign isn't followed by two hexadecimal
/// digits.
std::optional<std::string> percent_decode(std::string_view text);

/// Encodes everything but the unreserved characters of RFC 3986 and `: [ ]`.
std::string percent_encode(std::string_view text);

/// One `name=value` of a query.
struct QueryPart {
  std::string_view name;
  /// Decoded the way HTML forms encode it (a plus sign is a space). std::nullopt if it is badly
  /// encoded.
  std::optional<std::string> value;
};

/// Returns the parts of a query that are not empty, in their order. They refer to `query`.
std::vector<QueryPart> query_parts(std::string_view query);

/// Returns the first value of that name in `name=value&...`, decoded the way HTML forms encode it
/// (a plus sign is a space). Returns std::nullopt if it is missing or badly encoded.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace samoyed::web
