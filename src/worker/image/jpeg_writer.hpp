#pragma once

#include <cstddef>
#include <string>

#include "worker/image/image.hpp"

namespace samoyed::worker {

enum class JpegKind { baseline, progressive };

/// Returns the image as a JPEG file, with chroma at half the width and height. `quality` is 1..100,
/// on libjpeg's scale. Returns an empty string if the file would have more than `bytes_max` bytes,
/// or if libjpeg-turbo fails. Thread rule: may run on any number of threads at once.
std::string write_jpeg(const Image& image, int quality, std::size_t bytes_max,
                       JpegKind kind = JpegKind::baseline);

}  // namespace samoyed::worker
