#pragma once

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// Returns how a PNG must be turned to be upright: EXIF's 1..8. Looks where Pillow 9.4 looks: in
/// the chunk eXIf, in the text `Raw profile type exif` (EXIF as hexadecimal digits), and, if there
/// is no such tag, in the text `XML:com.adobe.xmp`. A text may be in a tEXt, zTXt or iTXt chunk.
/// The chunks after the pixels count only if there is no EXIF block before them.
///
/// Checks no checksums, and reads as far as the chunks go. Inflates at most two texts of at most 1
/// MiB. Pure; throws std::bad_alloc.
int png_orientation(Bytes file);

}  // namespace samoyed::worker
