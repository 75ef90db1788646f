#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Small files that ask for much, for the tests.
namespace samoyed::test {

/// A zlib stream of `count` zeros, rounded down to whole copies of 258: two bits for each of those,
/// the densest that deflate can be. 1 GiB of them takes 1 MB.
std::string zlib_zeros(std::size_t count);

/// What a PNG file says of itself.
struct PngClaim {
  std::uint32_t width = 8;
  std::uint32_t height = 8;
  char depth = 8;
  char color_type = 2;  ///< RGB
  char interlaced = 0;
};

/// A PNG file whose IDAT holds `data`.
std::string png(const PngClaim& claim, std::string_view data);

/// A progressive JPEG of that many pixels on each side whose last scan is there `scans`
/// times.
std::string progressive_jpeg(unsigned side, int scans);

/// The file with other bytes at `offset`.
std::string patched(std::string file, std::size_t offset, std::string_view bytes);

/// A lossy WebP fixture whose image claims 16383x16383 pixels, whatever its container says.
std::string lossy_webp_liar(std::string_view fixture);

/// A lossless WebP of 1024x1024 black pixels, each block of 4x4 of which names Huffman tables of
/// its own: 65536 groups in 290 kB.
std::string webp_of_many_tables();

}  // namespace samoyed::test
