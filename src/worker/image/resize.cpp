#include "worker/image/resize.hpp"

#include <cassert>
#include <span>
#include <utility>

#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

std::size_t pixel_bytes(int pixels) { return static_cast<std::size_t>(pixels) * 3; }

}  // namespace

/// Pillow filters along the rows first, rounds to 8 bits, and then along the columns: of a picture
/// that lies on its side, those are the columns and the rows.
const Image& Resizer::resize_and_crop(const StoredPicture& picture, const Framing& framing) {
  const CropAxes axes = crop_axes(picture.decoded, picture.orientation, framing);
  columns_.compute(axes.columns);
  rows_.compute(axes.rows);
  const int width = columns_.end() - columns_.begin();
  const auto height = static_cast<std::size_t>(rows_.end() - rows_.begin());
  assert(columns_.begin() >= picture.left && rows_.begin() >= picture.top);
  assert(columns_.end() <= picture.left + picture.pixels.width);
  assert(rows_.end() <= picture.top + picture.pixels.height);

  const bool has_negative_weights = framing.resampling == Resampling::bicubic;
  const ResizePasses& passes =
      has_negative_weights && !passes_.takes_negative_weights ? portable_resize_passes() : passes_;
  const std::size_t stride = pixel_bytes(picture.pixels.width);
  const std::size_t offset = static_cast<std::size_t>(rows_.begin() - picture.top) * stride +
                             pixel_bytes(columns_.begin() - picture.left);
  const PixelRows input{std::span(picture.pixels.rgb).subspan(offset), stride, height};
  crop_.width = columns_.size();
  crop_.height = rows_.size();
  const std::size_t crop_row_bytes = pixel_bytes(crop_.width);
  const auto crop_rows = static_cast<std::size_t>(crop_.height);
  crop_.rgb.resize(crop_row_bytes * crop_rows);
  if (!sides_swap(picture.orientation)) {
    between_.resize(height * crop_row_bytes);
    passes.narrow(columns_, input, between_.data());
    passes.flatten(rows_, {between_, crop_row_bytes, height}, crop_row_bytes, crop_.rgb.data());
  } else {
    const std::size_t row_bytes = pixel_bytes(width);
    between_.resize(row_bytes * crop_rows);
    passes.flatten(rows_, input, row_bytes, between_.data());
    passes.narrow(columns_, {between_, row_bytes, crop_rows}, crop_.rgb.data());
  }
  crop_ = upright(std::move(crop_), picture.orientation);
  return crop_;
}

}  // namespace samoyed::worker
