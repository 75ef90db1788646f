#pragma once

#include <string>
#include <string_view>

namespace samoyed::web {

/// A file that pages load. It is embedded in the program.
struct Asset {
  std::string_view name;
  std::string_view media_type;
  std::string_view bytes;
  /// The same in the gzip format.
  std::string_view compressed;
};

/// Returns null if there is no asset of that name.
const Asset* find_asset(std::string_view name);

/// A hash of all assets, which changes when one of them does. It is the folder of all addresses
/// that pages have for assets, so that browsers never need to ask whether they have changed. One
/// hash for all lets scripts and style sheets name each other without it.
const std::string& asset_version();

/// Returns the address of an asset with its version: `/assets/0123456789abcdef/style.css`.
std::string asset_path(std::string_view name);

struct FoundAsset {
  /// Null if there is no such asset.
  const Asset* asset = nullptr;
  /// The address has the version of this program, so its content never changes.
  bool immutable = false;
};

/// Finds an asset by what follows `/assets/` in its address: its name, or a version and its name.
/// One of another version is found too, because pages of that version may still be open, or be
/// served by another dispatcher behind the same proxy.
FoundAsset find_asset_at(std::string_view path);

/// A strong validator (RFC 9110, section 8.8.3) in quotation marks. It changes when the bytes
/// change.
std::string entity_tag(std::string_view bytes);

/// Returns whether the value of an If-None-Match field contains the tag (RFC 9110, section 13.1.2).
bool matches(std::string_view if_none_match, std::string_view tag);

}  // namespace samoyed::web
