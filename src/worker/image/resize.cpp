#include "worker/image/resize.hpp"

#include <cassert>
#include <span>
#include <utility>

#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

std::size_t pixel_bytes(int pixels) { return static_cast<std::size_t>(pixels) * 3; }

}  // namespace

/// Pillow filters along the rows first, rounds to 8 bits, and then filters along the columns. If
/// the stored image lies on its side, the upright rows are its columns, so the order of the passes
/// is reversed.
const Image& Resizer::resize_and_crop(const DecodedImage& image, const CropSpec& crop_spec) {
  if (image.is_input) return image.pixels;
  const CropAxes axes = crop_axes(image.decoded, image.orientation, crop_spec);
  columns_.compute(axes.columns);
  rows_.compute(axes.rows);
  const int width = columns_.end() - columns_.begin();
  const auto height = static_cast<std::size_t>(rows_.end() - rows_.begin());
  assert(columns_.begin() >= image.left && rows_.begin() >= image.top);
  assert(columns_.end() <= image.left + image.pixels.width);
  assert(rows_.end() <= image.top + image.pixels.height);

  const bool has_negative_weights = crop_spec.resampling == Resampling::bicubic;
  const ResizePasses& passes =
      has_negative_weights && !passes_.takes_negative_weights ? portable_resize_passes() : passes_;
  const std::size_t stride = pixel_bytes(image.pixels.width);
  const std::size_t offset = static_cast<std::size_t>(rows_.begin() - image.top) * stride +
                             pixel_bytes(columns_.begin() - image.left);
  const PixelRows input{std::span(image.pixels.rgb).subspan(offset), stride, height};
  crop_.width = columns_.size();
  crop_.height = rows_.size();
  const std::size_t crop_row_bytes = pixel_bytes(crop_.width);
  const auto crop_rows = static_cast<std::size_t>(crop_.height);
  crop_.rgb.resize(crop_row_bytes * crop_rows);
  if (!sides_swap(image.orientation)) {
    between_.resize(height * crop_row_bytes);
    passes.narrow(columns_, input, between_.data());
    passes.flatten(rows_, {between_, crop_row_bytes, height}, crop_row_bytes, crop_.rgb.data());
  } else {
    const std::size_t row_bytes = pixel_bytes(width);
    between_.resize(row_bytes * crop_rows);
    passes.flatten(rows_, input, row_bytes, between_.data());
    passes.narrow(columns_, {between_, row_bytes, crop_rows}, crop_.rgb.data());
  }
  crop_ = apply_orientation(std::move(crop_), image.orientation);
  return crop_;
}

}  // namespace samoyed::worker
