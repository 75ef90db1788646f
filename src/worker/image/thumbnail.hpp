#pragma once

#include <string>

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// Returns the size of an image's thumbnail whose longer side has `side_px` pixels. The thumbnail
/// has the shape of the image, is never larger than the image, and is at least one pixel wide and
/// high.
Size thumbnail_size(Size image, int side_px);

/// Returns a small version of the whole image, upright, as a JPEG file of at most
/// protocol::thumbnail_bytes_max bytes.
///
/// Returns an empty string if the image is only a part, if the file would be longer, or if memory
/// runs out: a recognition is just as useful without a thumbnail. An image that was cheap to decode
/// is cheap here, because each pixel is read once.
std::string make_thumbnail(const DecodedImage& image, int side_px) noexcept;

}  // namespace samoyed::worker
