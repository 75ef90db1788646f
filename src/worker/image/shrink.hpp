#pragma once

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// Returns the image at `size`, each side of which must be from 1 to the image's own. Every pixel
/// is the mean of the area that it covers, with edges weighted in proportion, rounded to the
/// nearest value. For people to look at; the network's input comes from a Resizer.
///
/// Reads each pixel once, in 0.1 to 0.2 ns per byte. In addition to the result, it holds four times
/// the size of a row of the image. Pure.
Image shrink(const Image& image, Size size);

}  // namespace samoyed::worker
