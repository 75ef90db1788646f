#pragma once

#include "worker/image.hpp"

/// Where torchvision's Resize(256) and CenterCrop(224) find their pixels, in a picture that is not
/// yet turned upright. All of it is pure.
namespace samoyed::worker {

/// The short side after torchvision's Resize(256).
inline constexpr int resized_short_side_px = 256;
/// The side of the square that torchvision's CenterCrop(224) takes, and of the network's input.
inline constexpr int input_side_px = 224;

/// One axis of a stored picture on its way to the square.
struct Axis {
  int picture_px;  ///< Of the picture as it is.
  int resized_px;  ///< Of the whole resized picture.
  int crop_begin;  ///< The first of the 224 that are kept, upright.
  bool mirrored;   ///< Whether the upright picture begins where this axis ends.
};

/// Which pixels of a picture make one of the 224 of an axis, by Pillow's bilinear (triangle)
/// filter.
struct Tap {
  int first = 0;
  int count = 0;
};

/// The filter around one of the 224, seen upright, in a picture's pixels.
struct Triangle {
  double centre;
  double support;  ///< To each side.
  Tap tap;         ///< What of it lies inside the picture.
};
Triangle triangle_at(const Axis& axis, int output);

/// The same pixels counted as they are stored.
Tap stored_tap(const Axis& axis, Tap upright);

struct CropAxes {
  Axis columns;
  Axis rows;
};

/// For a stored picture of this size that must be turned by EXIF's `orientation` to stand upright.
/// The square isn't symmetric, so it is always that of the upright picture.
CropAxes crop_axes(Size stored, int orientation);

/// All that the square needs of a stored picture: about 224/256 of its short side each way.
Region crop_region(Size stored, int orientation);

}  // namespace samoyed::worker
