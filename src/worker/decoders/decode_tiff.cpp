#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "worker/decoders/decoders.hpp"
#include "worker/decoders/tiff_pixels.hpp"
#include "worker/decoders/tiff_reader.hpp"

namespace samoyed::worker {

namespace {

/// Pillow reads at most 6.
constexpr unsigned samples_max = 8;
/// Enough for 64 megapixels in the smallest tiles that the specification allows (16x16). Each block
/// costs time whatever its size.
constexpr std::int64_t blocks_max = std::int64_t{1} << 19;
/// What libtiff holds for an open file and for the decoder of one of the compressions.
constexpr std::int64_t tables_bytes = std::int64_t{256} << 10;
/// What the decoder of a CCITT fax holds for each column: two lists of runs.
constexpr std::int64_t tables_bytes_per_column = 32;
/// The coefficients of a progressive JPEG (two bytes) and rows of them, for each sample.
constexpr std::int64_t jpeg_bytes_per_sample = 4;
/// libtiff refuses a JPEG that would hold more than 100 MiB of coefficients.
constexpr std::int64_t jpeg_bytes_max = std::int64_t{128} << 20;

bool is_supported(const TiffLayout& layout) {
  switch (layout.compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_LZW:
    case COMPRESSION_JPEG:
    case COMPRESSION_CCITTRLEW:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
      return TIFFIsCODECConfigured(static_cast<std::uint16_t>(layout.compression)) != 0;
    default:
      return false;
  }
}

std::optional<protocol::Refusal> check_pixels(const TiffLayout& layout) {
  if (!is_supported(layout)) {
    return unreadable("The TIFF's compression isn't supported. Save it with LZW or Deflate.");
  }
  constexpr unsigned known[] = {PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_RGB,
                                PHOTOMETRIC_PALETTE,    PHOTOMETRIC_SEPARATED,  PHOTOMETRIC_YCBCR};
  if (std::ranges::find(known, layout.photometric) == std::end(known)) {
    return unreadable("The TIFF's color space isn't supported. Save it as RGB.");
  }
  const unsigned bits = layout.bits;
  const bool known_bits = bits == 1 || bits == 2 || bits == 4 || bits == 8 ||
                          ((bits == 12 || bits == 16) && layout.photometric != PHOTOMETRIC_PALETTE);
  if (!known_bits || layout.sample_format != SAMPLEFORMAT_UINT ||
      (layout.photometric == PHOTOMETRIC_YCBCR && bits != 8)) {
    return unreadable(
        "The TIFF's kind of samples isn't supported. Save it with 8 bits per channel.");
  }
  if (layout.samples < layout.color_samples() || layout.samples > samples_max) {
    return unreadable("The TIFF has " + std::to_string(layout.samples) +
                      " samples per pixel, which isn't supported for its color space.");
  }
  return std::nullopt;
}

/// Whether libtiff must turn the pixels to RGB itself, because their colors are stored at a lower
/// resolution.
bool needs_conversion(const TiffLayout& layout) {
  return layout.photometric == PHOTOMETRIC_YCBCR &&
         (layout.compression != COMPRESSION_JPEG || layout.planes);
}

/// The sizes of the blocks that the pixels come in.
struct Blocks {
  std::int64_t across = 0;
  std::int64_t down = 0;
  /// Of a row of one block, of one plane.
  std::int64_t row_bytes = 0;
  /// Of one block, of one plane.
  std::int64_t bytes = 0;
};

Blocks measure_blocks(TIFF* tiff, const TiffLayout& layout) {
  const auto count = [](std::int64_t length, std::int64_t part) {
    return (length + part - 1) / part;
  };
  return {
      count(layout.width, layout.block_width), count(layout.height, layout.block_height),
      static_cast<std::int64_t>(layout.tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff)),
      static_cast<std::int64_t>(layout.tiled ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff))};
}

/// Refuses blocks that would take too much memory or time. What libtiff reads of the file at a time
/// is no larger than the file.
std::optional<protocol::Refusal> check_blocks(const TiffLayout& layout, const Blocks& blocks,
                                              std::size_t file_bytes, const DecodeLimits& limits) {
  const std::int64_t planes = layout.planes ? layout.samples : 1;
  if (blocks.row_bytes <= 0 || blocks.bytes <= 0) return unreadable("The TIFF is damaged.");
  if (blocks.across * blocks.down * planes > blocks_max) {
    return unreadable("The TIFF is stored in too many pieces.");
  }
  // Division keeps a damaged file's sizes from overflowing.
  const auto budget = static_cast<std::int64_t>(limits.memory_bytes_max);
  const std::int64_t buffers = planes + (needs_conversion(layout) ? 2 : 0);
  if (blocks.bytes > budget / buffers || layout.block_width > budget / layout.block_height) {
    return too_much_memory(layout.width, layout.height);
  }
  const std::int64_t block_pixels = layout.block_width * layout.block_height;
  std::int64_t need = 3 * layout.width * layout.height + buffers * blocks.bytes +
                      static_cast<std::int64_t>(file_bytes) + tables_bytes +
                      tables_bytes_per_column * layout.block_width + layout.width * layout.samples;
  if (layout.compression == COMPRESSION_JPEG) {
    need += std::min(jpeg_bytes_per_sample * layout.samples * block_pixels, jpeg_bytes_max);
  }
  if (needs_conversion(layout)) need += 4 * layout.width * layout.block_height;
  if (need > budget) return too_much_memory(layout.width, layout.height);
  return std::nullopt;
}

/// Whether the file says where the block is. libtiff takes a place that it can't read for 0.
bool has_place(TIFF* tiff, std::uint32_t block) {
  int error = 0;
  const std::uint64_t offset = TIFFGetStrileOffsetWithErr(tiff, block, &error);
  return error == 0 && offset != 0;
}

/// Reads the block at a place of the image. `plane` is 0 unless there are planes.
bool read_block(TIFF* tiff, const TiffLayout& layout, std::int64_t x, std::int64_t y,
                unsigned plane, std::span<std::uint8_t> out) {
  const auto sample = static_cast<std::uint16_t>(plane);
  const auto size = static_cast<tmsize_t>(out.size());
  const auto row = static_cast<std::uint32_t>(y);
  if (layout.tiled) {
    const auto tile = TIFFComputeTile(tiff, static_cast<std::uint32_t>(x), row, 0, sample);
    return has_place(tiff, tile) && TIFFReadEncodedTile(tiff, tile, out.data(), size) == size;
  }
  const auto strip = TIFFComputeStrip(tiff, row, sample);
  return has_place(tiff, strip) && TIFFReadEncodedStrip(tiff, strip, out.data(), size) >= 0;
}

/// Reads all blocks and turns their samples to RGB.
bool read_samples(TIFF* tiff, const TiffLayout& layout, const Blocks& blocks, Image& image) {
  const unsigned planes = layout.planes ? layout.samples : 1;
  const auto block_bytes = static_cast<std::size_t>(blocks.bytes);
  std::vector<std::uint8_t> buffer(block_bytes * planes);
  TiffRowConverter converter(layout, read_color_map(tiff, layout.bits));
  if (!converter.ready()) return false;
  for (std::int64_t y = 0; y < layout.height; y += layout.block_height) {
    for (std::int64_t x = 0; x < layout.width; x += layout.block_width) {
      for (unsigned plane = 0; plane < planes; ++plane) {
        const std::span part(buffer.data() + plane * block_bytes, block_bytes);
        if (!read_block(tiff, layout, x, y, plane, part)) return false;
      }
      const std::int64_t columns = std::min(layout.block_width, layout.width - x);
      const std::int64_t rows = std::min(layout.block_height, layout.height - y);
      for (std::int64_t row = 0; row < rows; ++row) {
        std::uint8_t* const out = image.rgb.data() + 3 * ((y + row) * layout.width + x);
        converter.convert(buffer.data() + row * blocks.row_bytes, block_bytes,
                          static_cast<std::size_t>(columns), out);
      }
    }
  }
  return true;
}

/// Reads the pixels as libtiff turns them to RGB.
bool read_converted(TIFF* tiff, const TiffLayout& layout, Image& image) {
  TIFFRGBAImage reader;
  char message[1024];
  if (TIFFRGBAImageBegin(&reader, tiff, 1, message) == 0) return false;
  // The rows come as they are stored; the caller turns the image upright.
  reader.orientation = reader.req_orientation = ORIENTATION_TOPLEFT;
  std::vector<std::uint32_t> pixels(static_cast<std::size_t>(layout.width * layout.block_height));
  bool good = true;
  for (std::int64_t y = 0; good && y < layout.height; y += layout.block_height) {
    const std::int64_t rows = std::min(layout.block_height, layout.height - y);
    reader.row_offset = static_cast<int>(y);
    good = TIFFRGBAImageGet(&reader, pixels.data(), static_cast<std::uint32_t>(layout.width),
                            static_cast<std::uint32_t>(rows)) != 0;
    std::uint8_t* out = image.rgb.data() + 3 * y * layout.width;
    for (std::int64_t i = 0; i < rows * layout.width; ++i) {
      const std::uint32_t pixel = pixels[static_cast<std::size_t>(i)];
      *out++ = static_cast<std::uint8_t>(TIFFGetR(pixel));
      *out++ = static_cast<std::uint8_t>(TIFFGetG(pixel));
      *out++ = static_cast<std::uint8_t>(TIFFGetB(pixel));
    }
  }
  TIFFRGBAImageEnd(&reader);
  return good;
}

}  // namespace

RawResult decode_tiff(Bytes file, const DecodeLimits& limits) {
  TiffInput input{.file = file};
  const auto tiff = open_tiff(input, limits.memory_bytes_max / 3);
  if (!tiff) return unreadable("The TIFF is damaged or incomplete.");
  const TiffLayout layout = read_layout(tiff.get());
  if (auto refusal = check_size(layout.width, layout.height, limits)) return *refusal;
  if (auto refusal = check_pixels(layout)) return *refusal;
  if (layout.block_width <= 0 || layout.block_height <= 0)
    return unreadable("The TIFF is damaged.");
  if (layout.compression == COMPRESSION_JPEG && layout.photometric == PHOTOMETRIC_YCBCR &&
      !layout.planes) {
    TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  const Blocks blocks = measure_blocks(tiff.get(), layout);
  if (auto refusal = check_blocks(layout, blocks, file.size(), limits)) return *refusal;

  Image image = make_image(static_cast<int>(layout.width), static_cast<int>(layout.height));
  const bool good = needs_conversion(layout) ? read_converted(tiff.get(), layout, image)
                                             : read_samples(tiff.get(), layout, blocks, image);
  if (!good) return unreadable("The TIFF is damaged or incomplete.");
  // A TIFF file is laid out like an EXIF block; the orientation is among its tags.
  return RawImage{std::move(image), file};
}

}  // namespace samoyed::worker
