#pragma once

#include <cstddef>
#include <string>

#include "worker/image/image.hpp"

namespace samoyed::worker {

enum class JpegKind { baseline, progressive };

/// The image as a JPEG file, chroma at half the width and height. `quality` is 1..100, as libjpeg
/// counts. Empty if the file would have more than `bytes_max`, or libjpeg-turbo fails. Thread rule:
/// may run on any number of threads at once.
std::string write_jpeg(const Image& image, int quality, std::size_t bytes_max,
                       JpegKind kind = JpegKind::baseline);

}  // namespace samoyed::worker
