#include "worker/resize.hpp"

#include <cassert>
#include <span>
#include <utility>

#include "worker/exif.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t square_row_bytes = std::size_t{input_side_px} * 3;

std::size_t pixel_bytes(int pixels) { return static_cast<std::size_t>(pixels) * 3; }

}  // namespace

/// Pillow filters along the rows first, rounds to 8 bits, and then along the columns: of a picture
/// that lies on its side, those are the columns and the rows.
const Image& Resizer::resize_and_crop(const StoredPicture& picture) {
  const CropAxes axes = crop_axes(picture.decoded, picture.orientation);
  columns_.compute(axes.columns);
  rows_.compute(axes.rows);
  const int width = columns_.end() - columns_.begin();
  const auto height = static_cast<std::size_t>(rows_.end() - rows_.begin());
  assert(columns_.begin() >= picture.left && rows_.begin() >= picture.top);
  assert(columns_.end() <= picture.left + picture.pixels.width);
  assert(rows_.end() <= picture.top + picture.pixels.height);

  const std::size_t stride = pixel_bytes(picture.pixels.width);
  const std::size_t offset = static_cast<std::size_t>(rows_.begin() - picture.top) * stride +
                             pixel_bytes(columns_.begin() - picture.left);
  const PixelRows input{std::span(picture.pixels.rgb).subspan(offset), stride, height};
  square_.width = square_.height = input_side_px;
  square_.rgb.resize(square_row_bytes * input_side_px);
  if (!sides_swap(picture.orientation)) {
    between_.resize(height * square_row_bytes);
    passes_.narrow(columns_, input, between_.data());
    passes_.flatten(rows_, {between_, square_row_bytes, height}, square_row_bytes,
                    square_.rgb.data());
  } else {
    const std::size_t row_bytes = pixel_bytes(width);
    between_.resize(row_bytes * input_side_px);
    passes_.flatten(rows_, input, row_bytes, between_.data());
    passes_.narrow(columns_, {between_, row_bytes, input_side_px}, square_.rgb.data());
  }
  square_ = upright(std::move(square_), picture.orientation);
  return square_;
}

}  // namespace samoyed::worker
