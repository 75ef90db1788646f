#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "worker/image/image.hpp"

namespace samoyed::worker {

/// Returns EXIF's tag 0x0112 (Exif 2.32, table 4): how the stored image must be turned to be
/// upright, 1..8, where 1 means that it is upright already. Reads IFD0 of a TIFF block, with or
/// without `Exif\0\0` before it. Returns 1 if the tag is missing, damaged or invalid. Like Pillow,
/// it accepts any integer type, takes the last tag, takes tags that precede damage, and accepts a
/// header whose number 42 is in the wrong byte order. Pure; never reads outside `exif`.
int exif_orientation(std::span<const std::byte> exif);

/// The same, but `std::nullopt` if the block has no such tag. Other metadata may say then how the
/// image must be turned.
std::optional<int> find_exif_orientation(std::span<const std::byte> exif);

/// Returns the orientation in a packet of XMP: the first `tiff:Orientation`, as an attribute or as
/// an element. `std::nullopt` if there is none. Like Pillow, it doesn't parse the XML. Pure.
std::optional<int> find_xmp_orientation(std::string_view xmp);

/// Whether turning the image upright makes columns into rows, and whether the upright image begins
/// where the stored columns or rows end. `orientation` is as above; other values count as 1.
bool sides_swap(int orientation);
bool columns_are_mirrored(int orientation);
bool rows_are_mirrored(int orientation);

/// Returns the size of the upright image.
Size apply_orientation(Size stored, int orientation);

/// Returns `stored` turned by `orientation` (1..8; other values count as 1), as Pillow's
/// exif_transpose does. 5 to 8 swap width and height.
Image apply_orientation(Image stored, int orientation);

}  // namespace samoyed::worker
