#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/decoders/png_metadata.hpp"
#include "worker/decoders/png_reader.hpp"

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
  if (options.accept_truncated) std::ranges::fill(image.rgb, gray_level);
  const auto pixels = reader.read_pixels(image.rgb);
  const bool truncated = pixels == PngReader::Pixels::truncated;
  if (pixels == PngReader::Pixels::failed || (truncated && !options.accept_truncated)) {
    return refusal();
  }
  const int orientation = options.apply_exif_orientation ? png_orientation(file) : 1;
  return RawImage{.image = std::move(image), .orientation = orientation, .truncated = truncated};
}

}  // namespace samoyed::worker
