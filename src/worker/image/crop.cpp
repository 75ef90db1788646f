#include "worker/image/crop.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "worker/image/exif.hpp"

namespace samoyed::worker {

namespace {

/// How far Pillow's filters reach to each side when an image is made larger.
double support_of(Resampling resampling) { return resampling == Resampling::bicubic ? 2.0 : 1.0; }

/// torchvision makes the short side S and the long side int(S * long / short). It begins the crop
/// at Python's round((resized - crop) / 2), which rounds halves to even.
Axis make_axis(int side, int short_side, int crop_px, bool mirrored, const CropSpec& crop_spec) {
  const auto resized = static_cast<int>(std::int64_t{crop_spec.short_side_px} * side / short_side);
  const int rest = resized - crop_px;
  const int begin = rest / 2;
  const bool round_up = rest % 2 == 1 && begin % 2 == 1;
  return {.image_px = side,
          .resized_px = resized,
          .crop_begin = round_up ? begin + 1 : begin,
          .crop_px = crop_px,
          .mirrored = mirrored,
          .resampling = crop_spec.resampling};
}

/// Returns the range from the first pixel that is needed to the last.
Tap needed_pixels(const Axis& axis) {
  const Tap begin = filter_window(axis, 0).tap;
  const Tap end = filter_window(axis, axis.crop_px - 1).tap;
  return stored_tap(axis, {begin.first, end.first + end.count - begin.first});
}

}  // namespace

FilterWindow filter_window(const Axis& axis, int output) {
  const double scale = static_cast<double>(axis.image_px) / axis.resized_px;
  const double stretch = std::max(scale, 1.0);
  const double support = support_of(axis.resampling) * stretch;
  const double center = (axis.crop_begin + output + 0.5) * scale;
  const int first = std::max(static_cast<int>(center - support + 0.5), 0);
  const int end = std::min(static_cast<int>(center + support + 0.5), axis.image_px);
  return {center, stretch, support, {first, end - first}};
}

Tap stored_tap(const Axis& axis, Tap upright) {
  if (!axis.mirrored) return upright;
  return {axis.image_px - upright.first - upright.count, upright.count};
}

CropAxes crop_axes(Size stored, int orientation, const CropSpec& crop_spec) {
  assert(std::max(crop_spec.width_px, crop_spec.height_px) <= crop_spec.short_side_px);
  const int short_side = std::min(stored.width, stored.height);
  const Size crop = apply_orientation(Size{crop_spec.width_px, crop_spec.height_px}, orientation);
  return {
      make_axis(stored.width, short_side, crop.width, columns_are_mirrored(orientation), crop_spec),
      make_axis(stored.height, short_side, crop.height, rows_are_mirrored(orientation), crop_spec)};
}

Region crop_region(Size stored, int orientation, const CropSpec& crop_spec) {
  const CropAxes axes = crop_axes(stored, orientation, crop_spec);
  const Tap columns = needed_pixels(axes.columns);
  const Tap rows = needed_pixels(axes.rows);
  return {columns.first, rows.first, columns.count, rows.count};
}

}  // namespace samoyed::worker
