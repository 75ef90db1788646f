#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// A file that pages load. It is embedded in the program.
struct Asset {
  std::string_view name;
  std::string_view media_type;
  std::string_view bytes;
};

/// Returns null if there is no asset of that name.
const Asset* find_asset(std::string_view name);

/// A strong validator (RFC 9110, section 8.8.3) in quotation marks. It changes when the bytes
/// change.
std::string entity_tag(const Asset& asset);

/// Returns whether the value of an If-None-Match field contains the tag (RFC 9110, section 13.1.2).
bool matches(std::string_view if_none_match, std::string_view tag);

}  // namespace samoyed::web
