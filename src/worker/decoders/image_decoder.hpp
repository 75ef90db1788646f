#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/result.hpp"
#include "worker/image/crop.hpp"
#include "worker/image/image.hpp"

namespace samoyed::worker {

/// How to decode an image.
struct DecodeOptions {
  /// False ignores EXIF orientation, like the reference server: a phone's image stays on its side.
  bool apply_exif_orientation = true;
  /// Decodes only the part that resize_and_crop reads, if that is less work. The pixels of that
  /// part are the same.
  bool only_crop = false;
  /// Decodes a JPEG at 1/2, 1/4 or 1/8 of its size, as long as its short side stays at least
  /// reduced_short_side_min times the short side that it is resized to. This is faster, but the
  /// pixels differ.
  bool reduced = false;
  /// Accepts a file that ends before its last pixel, as long as its header is complete. The missing
  /// pixels are gray, and the result says that it is truncated. False refuses such a file, as
  /// Pillow does.
  bool accept_truncated = false;
  /// The crop for which the image is decoded.
  CropSpec crop_spec = {};
};

/// At this value, which is 512 pixels for SqueezeNet, 999 ImageNet images kept their best label; at
/// 384 pixels, four lost it.
inline constexpr int reduced_short_side_min = 2;

/// Returns the formats that this build reads.
protocol::ImageFormatSet built_formats();

using DecodeResult = std::variant<DecodedImage, protocol::Refusal>;

/// Decodes a file of one of protocol::image_formats, recognized by its first bytes, into RGB.
///
/// The pixels, turned upright, are those that Pillow 9.4 gives for
/// `Image.open(file).convert("RGB")`, preceded by `ImageOps.exif_transpose` if
/// `apply_exif_orientation` is set: alpha is dropped, not composited, and an animation gives its
/// first frame, on its canvas. Known differences: 16-bit gray PNG keeps its high byte (Pillow turns
/// it white), as 12- and 16-bit gray TIFF and PGM do; TIFFs in Lab, of 32 bits or compressed by
/// other means than CCITT, LZW, JPEG, Deflate and PackBits are refused; a BMP may have any bit
/// masks, and a run of an odd number of 4-bit pixels in a BMP is read completely. A BMP whose run
/// lengths leave out pixels has the palette's first color there (Pillow misreads its jumps). As in
/// Pillow 9.4, a color that a palette lacks is the gray level of its number, and XMP turns only PNG
/// images. JPEG 2000 images get the colors of their palette (Pillow shows indices as gray), sYCC
/// and CMYK without subsampling are converted (Pillow takes them for RGB), the brightest samples of
/// more than 8 bits are white (Pillow lets them overflow to black), and more than four channels are
/// refused. AVIF and HEIC images, which Pillow 9.4 doesn't read, are those of avifdec and
/// heif-convert, without alpha. HEIC images of more than 8 bits that are mirrored or cropped are
/// refused, because libheif 1.15 can't do that, and so are AV1 images in HEIC files.
///
/// If anything is wrong with the bytes, the result is a Refusal (`unreadable`, `too_many_pixels` or
/// `too_slow`) whose detail tells a person why. Whether a file is refused doesn't depend on
/// `apply_exif_orientation`, `only_crop` or `reduced`, except that these save time. Holds
/// at most `limits.memory_bytes_max` at a time in addition to the file and `memory`, which is the
/// buffer of an earlier image, to be reused. Thread rule: may run on any number of threads at once.
DecodeResult decode_image(std::span<const std::byte> file, const DecodeLimits& limits,
                          const DecodeOptions& options, std::vector<std::uint8_t> memory = {});

/// Whether the files of that format, one of protocol::image_formats, must be decoded in a process
/// of their own. decode_image itself decodes in the calling process.
bool is_isolated(const protocol::ImageFormat& format);

}  // namespace samoyed::worker
