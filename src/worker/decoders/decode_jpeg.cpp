#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "worker/decoders/decoders.hpp"
#include "worker/decoders/jpeg_reader.hpp"
#include "worker/image/crop.hpp"
#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

using Step = JpegReader::Step;

/// How far the smooth upsampling of chroma reaches. The decoded region must extend this far beyond
/// the needed one, so that its pixels are those of the whole image.
constexpr int upsampling_reach_px = 2;

/// a * b / 255, rounded as in Pillow.
unsigned multiply_255(unsigned a, unsigned b) {
  const unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// Pillow treats every CMYK JPEG as inverted, as Adobe writes them (0 is full ink), and darkens
/// each ink by black: R = white - white * C / 255, where white = 255 - K.
void convert_inverted_cmyk(std::span<const std::uint8_t> cmyk, std::uint8_t* rgb) {
  for (std::size_t i = 0; i + 4 <= cmyk.size(); i += 4) {
    const unsigned white = cmyk[i + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      *rgb++ = static_cast<std::uint8_t>(white - multiply_255(255U - cmyk[i + channel], white));
    }
  }
}

protocol::Refusal refusal_for(Step step, const JpegReader& reader, const CpuBudget& budget,
                              const DecodeLimits& limits) {
  if (reader.out_of_memory()) throw std::bad_alloc();
  if (budget.is_exceeded()) return too_slow(limits);
  if (step == Step::truncated) return unreadable("The JPEG is incomplete.");
  if (reader.lacked_memory()) return too_much_memory(reader.width(), reader.height());
  return unreadable("The JPEG is damaged or of a kind that isn't supported.");
}

/// The largest of 1, 2, 4 and 8 that leaves the short side long enough.
int reduction_for(const JpegReader& reader, const CropSpec& crop_spec) {
  const std::int64_t short_side = std::min(reader.width(), reader.height());
  const std::int64_t kept = std::int64_t{reduced_short_side_min} * crop_spec.short_side_px;
  int reduction = 8;
  while (reduction > 1 && short_side < reduction * kept) {
    reduction /= 2;
  }
  return reduction;
}

/// The region of the image to decode, in the order in which its file stores it.
Region wanted_region(const JpegReader& reader, int orientation, const DecodeOptions& options) {
  const Size whole = reader.output_size();
  if (!options.only_crop || !reader.can_crop()) return {0, 0, whole.width, whole.height};
  const Region needed = crop_region(whole, orientation, options.crop_spec);
  const int left = std::max(needed.left - upsampling_reach_px, 0);
  const int top = std::max(needed.top - upsampling_reach_px, 0);
  const int right = std::min(needed.left + needed.width + upsampling_reach_px, whole.width);
  const int bottom = std::min(needed.top + needed.height + upsampling_reach_px, whole.height);
  return {left, top, right - left, bottom - top};
}

Step read_rows(JpegReader& reader, Image& image) {
  const auto rgb_bytes = static_cast<std::size_t>(image.width) * 3;
  const bool is_cmyk = reader.row_channels() == 4;
  const std::size_t row_bytes = is_cmyk ? static_cast<std::size_t>(image.width) * 4 : rgb_bytes;
  std::vector<std::uint8_t> row(row_bytes);

  std::uint8_t* out = image.rgb.data();
  for (int y = 0; y < image.height;) {
    int count = is_cmyk ? 1 : image.height - y;
    const Step step = reader.read_rows(is_cmyk ? row.data() : out, row_bytes, count);
    if (step != Step::done) return step;
    if (is_cmyk) convert_inverted_cmyk(row, out);
    y += count;
    out += static_cast<std::size_t>(count) * rgb_bytes;
  }
  return reader.check_rest(row.data());
}

}  // namespace

DecodeResult decode_jpeg(Bytes file, const DecodeLimits& limits, const DecodeOptions& options,
                         std::vector<std::uint8_t> memory) {
  CpuBudget budget(limits.cpu_max);
  JpegReader reader(file, budget, options.accept_truncated);
  const auto refused = [&](Step step) { return refusal_for(step, reader, budget, limits); };
  Step step = reader.read_header();
  if (step != Step::done) return refused(step);
  if (auto refusal = check_size(reader.width(), reader.height(), limits)) return *refusal;
  if (reader.components() == 2 || reader.components() > 4) {
    return unreadable("The JPEG has " + std::to_string(reader.components()) +
                      " color channels. Only 1, 3 and 4 are supported.");
  }

  // Leave room for the pixels themselves; check_size has made sure that they fit. Count all of
  // them, because what is refused must not depend on how much of the image is wanted.
  const auto rgb_bytes = static_cast<std::size_t>(reader.width() * reader.height() * 3);
  step = reader.start(options.reduced ? reduction_for(reader, options.crop_spec) : 1,
                      limits.memory_bytes_max - rgb_bytes);
  if (step != Step::done) return refused(step);

  DecodedImage image{
      .full = {static_cast<int>(reader.width()), static_cast<int>(reader.height())},
      .decoded = reader.output_size(),
      .orientation = options.apply_exif_orientation ? exif_orientation(reader.exif()) : 1};
  Region region = wanted_region(reader, image.orientation, options);
  step = reader.crop(region);
  if (step == Step::done) step = reader.skip_rows(region.top);
  if (step != Step::done) return refused(step);

  image.left = region.left;
  image.top = region.top;
  image.pixels = make_image(region.width, region.height, std::move(memory));
  step = read_rows(reader, image.pixels);
  if (step != Step::done) return refused(step);
  image.truncated = reader.is_truncated();
  return image;
}

}  // namespace samoyed::worker
