#include "worker/headers/png_metadata.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t signature_bytes = 8;
constexpr std::size_t chunk_head_bytes = 8;  // length, type
constexpr std::size_t checksum_bytes = 4;
/// Pillow's MAX_TEXT_CHUNK.
constexpr std::size_t text_bytes_max = std::size_t{1} << 20;

constexpr std::string_view profile_keyword = "Raw profile type exif";
constexpr std::string_view xmp_keyword = "XML:com.adobe.xmp";

/// A text as its chunk stores it.
struct Text {
  std::string_view stored;
  bool compressed = false;
};

/// What a PNG says about itself outside its pixels. The last chunk of a kind counts.
struct Metadata {
  std::optional<Bytes> exif;
  std::optional<Text> profile;
  std::optional<Text> xmp;
};

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Splits off what precedes the first zero byte. Returns false if there is none.
bool split_at_zero(std::string_view& text, std::string_view& before) {
  const std::size_t at = text.find('\0');
  if (at == std::string_view::npos) return false;
  before = text.substr(0, at);
  text.remove_prefix(at + 1);
  return true;
}

/// Returns the text of an iTXt chunk without its keyword: flag, method, language, translated
/// keyword, text.
std::optional<Text> international_text(std::string_view rest) {
  if (rest.size() < 2) return std::nullopt;
  const bool compressed = rest[0] != 0;
  const bool deflated = rest[1] == 0;
  rest.remove_prefix(2);
  std::string_view skipped;
  if (!split_at_zero(rest, skipped) || !split_at_zero(rest, skipped)) return std::nullopt;
  if (compressed && !deflated) return std::nullopt;
  return Text{rest, compressed};
}

void note_text(std::string_view type, Bytes content, Metadata& metadata) {
  std::string_view rest = as_text(content);
  std::string_view keyword;
  if (!split_at_zero(rest, keyword)) return;
  std::optional<Text> text;
  if (type == "tEXt") text = Text{rest, false};
  if (type == "zTXt" && rest.starts_with('\0')) text = Text{rest.substr(1), true};
  if (type == "iTXt") text = international_text(rest);
  if (!text) return;
  if (keyword == profile_keyword) metadata.profile = text;
  if (keyword == xmp_keyword) metadata.xmp = text;
}

Metadata read_metadata(Bytes file) {
  Metadata metadata;
  bool behind_pixels = false;
  std::size_t at = signature_bytes;
  while (file.size() > at && file.size() - at >= chunk_head_bytes) {
    const std::size_t length = read_u32be(file, at);
    const std::string_view type = as_text(file.subspan(at + 4, 4));
    at += chunk_head_bytes;
    if (type == "IEND" || length > file.size() - at) break;
    if (type == "IDAT") {
      if (metadata.exif) break;
      behind_pixels = true;
    }
    // What follows belongs to the second frame of an animation.
    if (type == "fcTL" && behind_pixels) break;
    const Bytes content = file.subspan(at, length);
    if (type == "eXIf") metadata.exif = content;
    if (type.ends_with("Xt")) note_text(type, content, metadata);
    at += length + checksum_bytes;
  }
  return metadata;
}

/// Returns the contents of a zlib stream, or an empty string if it is damaged or too long.
std::string inflated(std::string_view stored) {
  std::string out(std::min(text_bytes_max, stored.size() * 1032 + 64), '\0');
  uLongf size = out.size();
  const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(stored.data()), stored.size());
  out.resize(status == Z_OK ? size : 0);
  return out;
}

std::string plain(const Text& text) {
  return text.compressed ? inflated(text.stored)
                         : std::string(text.stored.substr(0, text_bytes_max));
}

/// Returns the bytes of a profile: after an empty line, its name and its length come its
/// hexadecimal digits.
std::vector<std::byte> profile_bytes(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  unsigned pending = 0;
  bool has_pending = false;
  for (const char letter : text) {
    if (letter == '\n' || letter == ' ' || letter == '\r' || letter == '\t') continue;
    const std::size_t digit = "0123456789abcdef0123456789ABCDEF"sv.find(letter);
    if (digit == std::string_view::npos) return {};
    pending = pending << 4 | static_cast<unsigned>(digit % 16);
    if (has_pending) bytes.push_back(static_cast<std::byte>(pending & 0xFF));
    has_pending = !has_pending;
  }
  return bytes;
}

}  // namespace

int png_orientation(Bytes file) {
  const Metadata metadata = read_metadata(file);
  std::optional<int> orientation;
  if (metadata.exif) {
    orientation = find_exif_orientation(*metadata.exif);
  } else if (metadata.profile) {
    orientation = find_exif_orientation(profile_bytes(plain(*metadata.profile)));
  }
  if (!orientation && metadata.xmp) orientation = find_xmp_orientation(plain(*metadata.xmp));
  return orientation.value_or(1);
}

}  // namespace samoyed::worker
