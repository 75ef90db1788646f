#pragma once

#include "worker/image/image.hpp"

/// Where torchvision's Resize and CenterCrop find their pixels, in an image that is not yet turned
/// upright. All of it is pure.
namespace samoyed::worker {

/// The short side after torchvision's Resize(256), and the side of the square that its
/// CenterCrop(224) takes: what SqueezeNet and most other networks were trained with.
inline constexpr int resized_short_side_px = 256;
inline constexpr int input_side_px = 224;

/// The most that a CropSpec may ask for, which bounds what an image costs beyond its decoding: a
/// crop of 12 MiB as float32. Torchvision's largest is 600.
inline constexpr int crop_spec_side_px_max = 1024;

/// Pillow's filters. Both are stretched where the image is made smaller (antialiasing).
enum class Resampling { bilinear, bicubic };

/// How an image becomes a network's input: its short side is resized, and the middle is cut out. No
/// side is longer than crop_spec_side_px_max, none of the crop's longer than the short side.
struct CropSpec {
  int short_side_px = resized_short_side_px;
  int width_px = input_side_px;
  int height_px = input_side_px;
  Resampling resampling = Resampling::bilinear;

  bool operator==(const CropSpec&) const = default;
};

/// One axis of a stored image on its way to the crop.
struct Axis {
  int image_px;    ///< Length in the image as it is.
  int resized_px;  ///< Length in the whole resized image.
  int crop_begin;  ///< The first of those that are kept, upright.
  int crop_px;     ///< How many are kept.
  bool mirrored;   ///< Whether the upright image begins where this axis ends.
  Resampling resampling;
};

/// Which pixels of an image make one of the crop's, on one axis.
struct Tap {
  int first = 0;
  int count = 0;
};

/// The filter around one pixel of the crop, seen upright, in an image's pixels.
struct FilterWindow {
  double center;
  double stretch;  ///< By which the filter is wider than where an image is made larger; at least 1.
  double support;  ///< To each side.
  Tap tap;         ///< What of it lies inside the image.
};
FilterWindow filter_window(const Axis& axis, int output);

/// The same pixels counted as they are stored.
Tap stored_tap(const Axis& axis, Tap upright);

struct CropAxes {
  Axis columns;
  Axis rows;
};

/// For a stored image of this size that must be turned by EXIF's `orientation` to be upright.
/// The crop isn't symmetric, so it is always that of the upright image.
CropAxes crop_axes(Size stored, int orientation, const CropSpec& crop_spec = {});

/// All that the crop needs of a stored image: about 224/256 of its short side each way, if nothing
/// else is asked for.
Region crop_region(Size stored, int orientation, const CropSpec& crop_spec = {});

}  // namespace samoyed::worker
