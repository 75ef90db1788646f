#include "worker/crop.hpp"

#include <algorithm>
#include <cstdint>

#include "worker/exif.hpp"

namespace samoyed::worker {

namespace {

/// torchvision makes the short side 256 and the long one int(256 * long / short), and begins the
/// crop at Python's round((resized - 224) / 2), which goes to the even neighbour.
Axis make_axis(int side, int short_side, bool mirrored) {
  const auto resized = static_cast<int>(std::int64_t{resized_short_side_px} * side / short_side);
  const int rest = resized - input_side_px;
  const int begin = rest / 2;
  const bool round_up = rest % 2 == 1 && begin % 2 == 1;
  return {side, resized, round_up ? begin + 1 : begin, mirrored};
}

/// From the first pixel that is needed to the last.
Tap needed_pixels(const Axis& axis) {
  const Tap begin = triangle_at(axis, 0).tap;
  const Tap end = triangle_at(axis, input_side_px - 1).tap;
  return stored_tap(axis, {begin.first, end.first + end.count - begin.first});
}

}  // namespace

Triangle triangle_at(const Axis& axis, int output) {
  const double scale = static_cast<double>(axis.picture_px) / axis.resized_px;
  const double support = std::max(scale, 1.0);
  const double centre = (axis.crop_begin + output + 0.5) * scale;
  const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int end = std::min(static_cast<int>(centre + support + 0.5), axis.picture_px);
  return {centre, support, {first, end - first}};
}

Tap stored_tap(const Axis& axis, Tap upright) {
  if (!axis.mirrored) return upright;
  return {axis.picture_px - upright.first - upright.count, upright.count};
}

CropAxes crop_axes(Size stored, int orientation) {
  const int short_side = std::min(stored.width, stored.height);
  return {make_axis(stored.width, short_side, columns_are_mirrored(orientation)),
          make_axis(stored.height, short_side, rows_are_mirrored(orientation))};
}

Region crop_region(Size stored, int orientation) {
  const CropAxes axes = crop_axes(stored, orientation);
  const Tap columns = needed_pixels(axes.columns);
  const Tap rows = needed_pixels(axes.rows);
  return {columns.first, rows.first, columns.count, rows.count};
}

}  // namespace samoyed::worker
