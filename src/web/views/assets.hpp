#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// A file that pages refer to, embedded in the program.
struct Asset {
  std::string_view name;
  std::string_view media_type;
  std::string_view bytes;
};

/// Null if there is none of that name.
const Asset* find_asset(std::string_view name);

/// A strong validator (RFC 9110, section 8.8.3), with its quotation marks: it changes with the
/// bytes.
std::string entity_tag(const Asset& asset);

/// Whether an If-None-Match field's value names the tag (RFC 9110, section 13.1.2).
bool matches(std::string_view if_none_match, std::string_view tag);

}  // namespace samoyed::web
