#pragma once

#include <string>

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// The size of an image's thumbnail whose longer side has `side_px` pixels: of the same shape, but
/// never larger than the image, and never less than a pixel wide or high.
Size thumbnail_size(Size image, int side_px);

/// The whole image in small, upright, as a JPEG file of at most protocol::thumbnail_bytes_max.
///
/// Empty if the image isn't whole, or the file would be longer, or memory is lacking: a recognition
/// is worth as much without. What was cheap to decode is cheap here: each pixel is read once.
std::string make_thumbnail(const DecodedImage& image, int side_px) noexcept;

}  // namespace samoyed::worker
