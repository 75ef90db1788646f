#pragma once

#include <cstdint>
#include <optional>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// How many pixels libheif and its codec allocate at a time for a HEIC file. The sizes that its
/// properties (`ispe`) give may be smaller.
struct HeifFrames {
  /// Of the largest frame of the bitstreams with 8 bits for each sample, and of the largest with
  /// more; 0 for none.
  std::int64_t pixels_max = 0;
  std::int64_t deep_pixels_max = 0;
  /// Of the largest image that is put together from others (`grid` and `iovl`); 0 for none.
  std::int64_t canvas_pixels_max = 0;
};

/// Reads everything in the file that looks like a sequence parameter set (Rec. ITU-T H.265,
/// 7.3.2.2), wherever it is, and the sizes of the derived images (ISO/IEC 23008-12, 6.6.2). Other
/// bytes may look like a parameter set, too, but hardly ever give a large frame. Returns
/// `std::nullopt` if derived images are stored in an unusual way. Pure; any bytes are allowed.
std::optional<HeifFrames> find_heif_frames(Bytes file);

}  // namespace samoyed::worker
