#pragma once

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// The image in `size`, each side of which is 1 to as many pixels as the image's: every pixel is
/// the mean of the area that it covers, edges in proportion, rounded to the nearest. For people to
/// look at; the network's input comes from a Resizer.
///
/// Reads each pixel once, in 0.1 to 0.2 ns a byte. Beside the result it holds four times a row of
/// the image. Pure.
Image shrink(const Image& image, Size size);

}  // namespace samoyed::worker
