#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tiffio.h>

#include "worker/image/byte_order.hpp"

/// libtiff on a file in memory.
namespace samoyed::worker {

struct TiffCloser {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};

/// The file, and where libtiff reads next.
struct TiffInput {
  Bytes file;
  std::uint64_t position = 0;
};

/// Opens a file that `input` must keep, at its first page. libtiff allocates at most `block_max`
/// bytes at a time and prints nothing. Returns null if the file is damaged.
std::unique_ptr<TIFF, TiffCloser> open_tiff(TiffInput& input, std::size_t block_max);

/// What the first page's tags say about its pixels.
struct TiffLayout {
  std::int64_t width = 0;
  std::int64_t height = 0;
  unsigned bits = 1;     ///< Of a sample.
  unsigned samples = 1;  ///< Of a pixel.
  unsigned compression = COMPRESSION_NONE;
  unsigned photometric = PHOTOMETRIC_MINISWHITE;
  unsigned sample_format = SAMPLEFORMAT_UINT;
  bool planes = false;  ///< Each sample is in blocks of its own.
  bool tiled = false;
  /// The first sample beyond the colors is an alpha that the colors are multiplied by.
  bool premultiplied = false;
  /// Strips are as wide as the image.
  std::int64_t block_width = 0;
  std::int64_t block_height = 0;

  /// How many samples of a pixel are colors.
  unsigned color_samples() const;
};

TiffLayout read_layout(TIFF* tiff);

/// Three tables of 2^bits colors of 16 bits; empty if the file has none.
struct TiffPalette {
  std::span<const std::uint16_t> red, green, blue;
};

TiffPalette read_color_map(TIFF* tiff, unsigned bits);

}  // namespace samoyed::worker
