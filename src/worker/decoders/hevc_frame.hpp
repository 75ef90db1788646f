#pragma once

#include <cstdint>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// How many pixels the frames of a file's HEVC bitstreams have. The boxes of a HEIC file may say
/// something else, but the codec allocates frames of this size.
struct HevcFrames {
  /// Of the largest frame with 8 bits for each sample, and of the largest with more; 0 for none.
  std::int64_t pixels_max = 0;
  std::int64_t deep_pixels_max = 0;
};

/// Reads everything in the file that looks like a sequence parameter set (Rec. ITU-T H.265,
/// 7.3.2.2), wherever it is. Other bytes may look like one, too, but hardly ever give a large
/// frame. Pure; any bytes are allowed.
HevcFrames find_hevc_frames(Bytes file);

}  // namespace samoyed::worker
