#pragma once

#include <cstddef>
#include <span>
#include <variant>

#include "samoyed/protocol/result.hpp"
#include "worker/image.hpp"

namespace samoyed::worker {

/// Decodes a whole JPEG, PNG, BMP or WebP file, known by its first bytes, into RGB.
///
/// The pixels are those that Pillow 9.4 gives for `Image.open(file).convert("RGB")`, preceded by
/// `ImageOps.exif_transpose` if `apply_exif_orientation`: alpha is dropped, not composited; of an
/// animation the first frame is taken, on its canvas. Known differences: 16-bit grey PNG keeps its
/// high byte (Pillow turns it white), a palette index beyond the palette is an error, run-length
/// and OS/2 BMP files are refused, and a channel of a 16-bit BMP may differ by 1.
///
/// Whatever is wrong with the bytes is a Refusal (`unreadable` or `too_many_pixels`) whose detail
/// is a sentence for a person. Holds at most `limits.memory_bytes_max` at a time beside the file.
/// Thread rule: may run on any number of threads at once.
std::variant<Image, protocol::Refusal> decode_image(std::span<const std::byte> file,
                                                    const DecodeLimits& limits,
                                                    bool apply_exif_orientation);

}  // namespace samoyed::worker
