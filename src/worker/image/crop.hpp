#pragma once

#include "worker/image/image.hpp"

/// Where torchvision's Resize and CenterCrop find their pixels, in a picture that is not yet turned
/// upright. All of it is pure.
namespace samoyed::worker {

/// The short side after torchvision's Resize(256), and the side of the square that its CenterCrop(224)
/// takes: what SqueezeNet and most other networks were trained with.
inline constexpr int resized_short_side_px = 256;
inline constexpr int input_side_px = 224;

/// The most that a Framing may ask for, which bounds what an image costs beyond its decoding: a crop of
/// 12 MiB as float32. Torchvision's largest is 600.
inline constexpr int framing_side_px_max = 1024;

/// Pillow's filters. Both are stretched where the picture is made smaller (antialiasing).
enum class Resampling { bilinear, bicubic };

/// How a picture becomes a network's input: its short side is resized, and the middle is cut out. No side
/// is longer than framing_side_px_max, none of the crop's longer than the short side.
struct Framing {
  int short_side_px = resized_short_side_px;
  int width_px = input_side_px;
  int height_px = input_side_px;
  Resampling resampling = Resampling::bilinear;

  bool operator==(const Framing&) const = default;
};

/// One axis of a stored picture on its way to the crop.
struct Axis {
  int picture_px;  ///< Of the picture as it is.
  int resized_px;  ///< Of the whole resized picture.
  int crop_begin;  ///< The first of those that are kept, upright.
  int crop_px;     ///< How many are kept.
  bool mirrored;   ///< Whether the upright picture begins where this axis ends.
  Resampling resampling;
};

/// Which pixels of a picture make one of the crop's, on one axis.
struct Tap {
  int first = 0;
  int count = 0;
};

/// The filter around one pixel of the crop, seen upright, in a picture's pixels.
struct FilterWindow {
  double centre;
  double
      stretch;  ///< By which the filter is wider than where a picture is made larger; at least 1.
  double support;  ///< To each side.
  Tap tap;         ///< What of it lies inside the picture.
};
FilterWindow filter_window(const Axis& axis, int output);

/// The same pixels counted as they are stored.
Tap stored_tap(const Axis& axis, Tap upright);

struct CropAxes {
  Axis columns;
  Axis rows;
};

/// For a stored picture of this size that must be turned by EXIF's `orientation` to stand upright.
/// The crop isn't symmetric, so it is always that of the upright picture.
CropAxes crop_axes(Size stored, int orientation, const Framing& framing = {});

/// All that the crop needs of a stored picture: about 224/256 of its short side each way, if nothing
/// else is asked for.
Region crop_region(Size stored, int orientation, const Framing& framing = {});

}  // namespace samoyed::worker
