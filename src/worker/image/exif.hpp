#pragma once

#include <cstddef>
#include <span>

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// EXIF's tag 0x0112 (Exif 2.32, table 4): how the stored image must be turned to be
/// upright, 1..8, where 1 is upright already. Reads IFD0 of a TIFF block, with or without
/// `Exif\0\0` before it. A missing, damaged or invalid tag is 1. As Pillow does, any integer type
/// will do, the last tag wins, and tags before damage count. Pure; never reads outside
/// `exif`.
int exif_orientation(std::span<const std::byte> exif);

/// The first EXIF block in the headers of a JPEG file (before its first scan), from `Exif\0` on;
/// empty if there is none.
std::span<const std::byte> find_jpeg_exif(std::span<const std::byte> file);

/// Whether columns become rows on the way to the upright image, and whether it begins where the
/// stored columns or rows end. `orientation` as above; other values count as 1.
bool sides_swap(int orientation);
bool columns_are_mirrored(int orientation);
bool rows_are_mirrored(int orientation);

/// The size of the upright image.
Size apply_orientation(Size stored, int orientation);

/// `stored` turned by `orientation` (1..8; other values count as 1) as Pillow's exif_transpose
/// does. 5 to 8 swap width and height.
Image apply_orientation(Image stored, int orientation);

}  // namespace samoyed::worker
