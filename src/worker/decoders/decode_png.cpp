#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/decoders/png_pixels.hpp"
#include "worker/decoders/png_reader.hpp"
#include "worker/headers/png_metadata.hpp"

namespace samoyed::worker {

namespace {

/// The most bytes that one compressed byte can inflate to (two bits for each 258 bytes).
constexpr std::int64_t inflation_max = 1032;

/// Refuses an image before memory or time is spent on it. libpng holds two rows in addition to the
/// image. Counting all stored rows against the memory limits the time that a small file can take.
std::optional<protocol::Refusal> check(const PngReader& reader, std::size_t file_bytes,
                                       const DecodeLimits& limits, const DecodeOptions& options) {
  if (auto refusal = check_size(reader.width(), reader.height(), limits)) return refusal;
  const std::int64_t stored_bytes = reader.stored_bytes();
  if (std::cmp_greater(stored_bytes + 2 * reader.width() * reader.height() * 3,
                       limits.memory_bytes_max)) {
    return too_much_memory(reader.width(), reader.height());
  }
  if (!options.accept_truncated &&
      stored_bytes / inflation_max > static_cast<std::int64_t>(file_bytes)) {
    return unreadable("The PNG is damaged: it decompresses to less than its header says.");
  }
  return std::nullopt;
}

/// Decoding at once can't be stopped. It takes up to this long, so it needs a budget beyond that.
constexpr std::chrono::milliseconds at_once_cpu{500};
/// The most data that is decoded at once. 36 MB took 90 ms on an AMD EPYC.
constexpr std::int64_t at_once_bytes_max = std::int64_t{64} << 20;

/// Decodes a photograph of the usual kind at once, which takes half the time. Returns false, with
/// any pixels, for another kind and if anything is wrong: then libpng decides what becomes of it.
bool decode_at_once(const PngReader& reader, Bytes file, const DecodeLimits& limits, Image& image) {
  const std::size_t channels = reader.plain_channels();
  const std::int64_t stored_bytes = reader.stored_bytes() + reader.height();  // With the filters.
  if (channels == 0 || stored_bytes > at_once_bytes_max || limits.cpu_max < at_once_cpu) {
    return false;
  }
  const auto filtered =
      inflate_png_data(file, reader.first_data_chunk(), static_cast<std::size_t>(stored_bytes),
                       png_filter_padding, limits.memory_bytes_max - image.rgb.size());
  return filtered &&
         undo_png_filters(*filtered, channels, static_cast<std::size_t>(image.width), image.rgb);
}

PngReader::Pixels decode_pixels(PngReader& reader, Bytes file, const DecodeLimits& limits,
                                const DecodeOptions& options, Image& image) {
  if (decode_at_once(reader, file, limits, image)) return PngReader::Pixels::complete;
  if (options.accept_truncated) std::ranges::fill(image.rgb, gray_level);
  return reader.read_pixels(image.rgb);
}

}  // namespace

RawResult decode_png(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  CpuBudget budget(limits.cpu_max);
  PngReader reader(file, budget);
  const auto refusal = [&] {
    if (reader.out_of_memory()) throw std::bad_alloc();
    return budget.is_exceeded() ? too_slow(limits) : unreadable(std::string(reader.problem()));
  };
  if (!reader.read_header()) return refusal();
  if (auto beyond_limits = check(reader, file.size(), limits, options)) return *beyond_limits;
  Image image = make_image(static_cast<int>(reader.width()), static_cast<int>(reader.height()));
  const auto pixels = decode_pixels(reader, file, limits, options, image);
  const bool truncated = pixels == PngReader::Pixels::truncated;
  if (pixels == PngReader::Pixels::failed || (truncated && !options.accept_truncated)) {
    return refusal();
  }
  const int orientation = options.apply_exif_orientation ? png_orientation(file) : 1;
  return RawImage{.image = std::move(image), .orientation = orientation, .truncated = truncated};
}

}  // namespace samoyed::worker
