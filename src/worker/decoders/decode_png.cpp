#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "worker/decoders/decoders.hpp"
#include "worker/decoders/png_reader.hpp"

namespace samoyed::worker {

namespace {

using namespace std::string_view_literals;

constexpr std::size_t signature_bytes = 8;
constexpr std::size_t chunk_frame_bytes = 12;  // length, type, CRC
/// The most bytes that one compressed byte can inflate to (two bits for each 258 bytes).
constexpr std::int64_t inflation_max = 1032;

/// Returns the content of the first eXIf chunk in a file that libpng has read; empty if there is
/// none. libpng's own function would make a copy of it.
Bytes find_exif(Bytes file) {
  std::size_t at = signature_bytes;
  while (file.size() - at >= chunk_frame_bytes && !has_text(file, at + 4, "IEND"sv)) {
    const std::size_t length = read_u32be(file, at);
    if (length > file.size() - at - chunk_frame_bytes) break;
    if (has_text(file, at + 4, "eXIf"sv)) return file.subspan(at + 8, length);
    at += chunk_frame_bytes + length;
  }
  return {};
}

/// Refuses an image before memory or time is spent on it. libpng holds two rows in addition to the
/// image. Counting all stored rows against the memory limits the time that a small file can take.
std::optional<protocol::Refusal> check(const PngReader& reader, std::size_t file_bytes,
                                       const DecodeLimits& limits) {
  if (auto refusal = check_size(reader.width(), reader.height(), limits)) return refusal;
  const std::int64_t stored_bytes = reader.stored_bytes();
  if (std::cmp_greater(stored_bytes + 2 * reader.width() * reader.height() * 3,
                       limits.memory_bytes_max)) {
    return too_much_memory(reader.width(), reader.height());
  }
  if (stored_bytes / inflation_max > static_cast<std::int64_t>(file_bytes)) {
    return unreadable("The PNG is damaged: it decompresses to less than its header says.");
  }
  return std::nullopt;
}

}  // namespace

RawResult decode_png(Bytes file, const DecodeLimits& limits) {
  PngReader reader(file);
  const auto refusal = [&] { return unreadable(std::string(reader.problem())); };
  if (!reader.read_header()) return refusal();
  if (auto beyond_limits = check(reader, file.size(), limits)) return *beyond_limits;
  Image image = make_image(static_cast<int>(reader.width()), static_cast<int>(reader.height()));
  if (!reader.read_pixels(image.rgb) || !reader.read_rest()) return refusal();
  return RawImage{std::move(image), find_exif(file)};
}

}  // namespace samoyed::worker
