#pragma once

#include "worker/image/image.hpp"

/// Computes which pixels torchvision's Resize and CenterCrop use, in an image that is not yet
/// turned upright. Everything here is pure.
namespace samoyed::worker {

/// The short side after torchvision's Resize(256), and the side of the square that its
/// CenterCrop(224) cuts out. SqueezeNet and most other networks were trained with these.
inline constexpr int resized_short_side_px = 256;
inline constexpr int input_side_px = 224;

/// Longest side that a CropSpec may have. It bounds what an image costs beyond its decoding: the
/// largest crop takes 12 MiB as float32. Torchvision's largest is 600.
inline constexpr int crop_spec_side_px_max = 1024;

/// Pillow's filters. Both are stretched when the image is made smaller (antialiasing).
enum class Resampling { bilinear, bicubic };

/// How an image becomes a network's input: its short side is resized to `short_side_px`, and the
/// middle is cut out. No side is longer than crop_spec_side_px_max, and no side of the crop is
/// longer than the short side.
struct CropSpec {
  int short_side_px = resized_short_side_px;
  int width_px = input_side_px;
  int height_px = input_side_px;
  Resampling resampling = Resampling::bilinear;

  bool operator==(const CropSpec&) const = default;
};

/// One axis of a stored image, and the part of it that becomes the crop.
struct Axis {
  int image_px;    ///< Length in the stored image.
  int resized_px;  ///< Length in the whole resized image.
  int crop_begin;  ///< First resized pixel of the crop, counted upright.
  int crop_px;     ///< Length of the crop.
  bool mirrored;   ///< Whether the upright image begins where this axis ends.
  Resampling resampling;
};

/// The pixels of an image that contribute to one pixel of the crop, on one axis.
struct Tap {
  int first = 0;
  int count = 0;
};

/// The filter window of one pixel of the crop, counted upright, in units of the image's pixels.
struct FilterWindow {
  double center;
  double stretch;  ///< Width of the filter relative to that for enlarging; at least 1.
  double support;  ///< Reach of the filter to each side.
  Tap tap;         ///< The part of the window inside the image.
};
FilterWindow filter_window(const Axis& axis, int output);

/// Returns the same pixels, counted as they are stored.
Tap stored_tap(const Axis& axis, Tap upright);

struct CropAxes {
  Axis columns;
  Axis rows;
};

/// Returns the axes of a stored image of this size, which EXIF's `orientation` turns upright. The
/// crop isn't symmetric, so it is always computed for the upright image.
CropAxes crop_axes(Size stored, int orientation, const CropSpec& crop_spec = {});

/// The region of a stored image that the crop needs. By default this is about 224/256 of its short
/// side in each direction.
Region crop_region(Size stored, int orientation, const CropSpec& crop_spec = {});

}  // namespace samoyed::worker
