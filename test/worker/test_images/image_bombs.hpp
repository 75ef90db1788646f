#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Small files that decode to a lot of data, for the tests.
namespace samoyed::test {

/// Returns a zlib stream of `count` zeros, rounded down to whole copies of 258. Each copy takes two
/// bits, which is the highest density of deflate: 1 GiB of zeros takes 1 MB.
std::string zlib_zeros(std::size_t count);

/// What a PNG file claims about itself.
struct PngClaim {
  std::uint32_t width = 8;
  std::uint32_t height = 8;
  char depth = 8;
  char color_type = 2;  ///< RGB
  char interlaced = 0;
};

/// Returns a PNG file whose IDAT contains `data`.
std::string png(const PngClaim& claim, std::string_view data);

/// A TIFF of gray pixels of 8 bits, in one strip or in square tiles.
struct TiffClaim {
  std::uint32_t width = 8;
  std::uint32_t height = 8;
  std::uint32_t tile_side = 0;  ///< 0: a strip
};

/// Returns a TIFF file whose first strip or tile is `data`, compressed by Deflate.
std::string tiff(const TiffClaim& claim, std::string_view data);

/// Returns a GIF of `side` black pixels on each side, at most 65535. A code stands for up to 4091
/// pixels, nearly the most that LZW with 12 bits allows: 64 megapixels take 27 kB.
std::string black_gif(unsigned side);

/// Returns a progressive JPEG of `side` pixels on each side, which repeats its last scan `scans`
/// times in all.
std::string progressive_jpeg(unsigned side, int scans);

/// Returns the file with other bytes at `offset`.
std::string patched(std::string file, std::size_t offset, std::string_view bytes);

/// Returns a lossy WebP fixture whose image claims 16383x16383 pixels, whatever its container says.
std::string lossy_webp_liar(std::string_view fixture);

/// Returns a JPEG 2000 fixture whose codestream claims an image of that size, in tiles of that
/// size.
std::string jpeg2000_liar(std::string_view fixture, unsigned image_side, unsigned tile_side);

/// Returns a lossless WebP of 1024x1024 black pixels, in which each block of 4x4 pixels uses
/// Huffman tables of its own: 65536 groups in 290 kB.
std::string webp_of_many_tables();

}  // namespace samoyed::test
