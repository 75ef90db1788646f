#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "samoyed/protocol/result.hpp"
#include "worker/image/crop.hpp"
#include "worker/image/image.hpp"

namespace samoyed::worker {

/// How an image is to be decoded.
struct DecodeOptions {
  /// False for what the reference does: a phone's image stays on its side.
  bool apply_exif_orientation = true;
  /// Decodes only what resize_and_crop reads, if that is less work: its pixels are the same.
  bool only_crop = false;
  /// A JPEG at 1/2, 1/4 or 1/8 of its size as long as the short side keeps reduced_short_side_min
  /// times what it is resized to: faster, but with other pixels.
  bool reduced = false;
  /// The crop that the image is decoded for.
  CropSpec crop_spec = {};
};

/// With this much, 512 pixels for SqueezeNet, 999 ImageNet images kept their best label; with 384
/// four lost it.
inline constexpr int reduced_short_side_min = 2;

using DecodeResult = std::variant<DecodedImage, protocol::Refusal>;

/// Decodes a file of one of protocol::image_formats, known by its first bytes, into RGB.
///
/// The pixels, turned upright, are those that Pillow 9.4 gives for
/// `Image.open(file).convert("RGB")`, preceded by `ImageOps.exif_transpose` if
/// `apply_exif_orientation`: alpha is dropped, not composited; of an animation the first frame is
/// taken, on its canvas. Known differences: 16-bit gray PNG keeps its high byte (Pillow turns it
/// white), a palette index beyond the palette is an error, run-length and OS/2 BMP files are
/// refused, and a channel of a 16-bit BMP may differ by 1.
///
/// Anything wrong with the bytes is a Refusal (`unreadable` or `too_many_pixels`) whose detail
/// is a sentence for a person; what is refused doesn't depend on the options. Holds at most
/// `limits.memory_bytes_max` at a time beside the file and `memory`, which is that of an earlier
/// image, to be used again. Thread rule: may run on any number of threads at once.
DecodeResult decode_image(std::span<const std::byte> file, const DecodeLimits& limits,
                          const DecodeOptions& options, std::vector<std::uint8_t> memory = {});

}  // namespace samoyed::worker
