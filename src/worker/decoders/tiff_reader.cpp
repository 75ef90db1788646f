#include "worker/decoders/tiff_reader.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace samoyed::worker {

namespace {

tmsize_t read_tiff(thandle_t handle, void* out, tmsize_t count) {
  auto& input = *static_cast<TiffInput*>(handle);
  if (count <= 0 || input.position >= input.file.size()) return 0;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(count), input.file.size() - input.position));
  std::memcpy(out, input.file.data() + input.position, size);
  input.position += size;
  return static_cast<tmsize_t>(size);
}

tmsize_t write_tiff(thandle_t /*handle*/, void* /*bytes*/, tmsize_t /*count*/) { return 0; }

toff_t seek_tiff(thandle_t handle, toff_t offset, int whence) {
  auto& input = *static_cast<TiffInput*>(handle);
  const std::uint64_t base = whence == SEEK_CUR   ? input.position
                             : whence == SEEK_END ? input.file.size()
                                                  : 0;
  input.position = base + offset;
  return input.position;
}

int close_tiff(thandle_t /*handle*/) { return 0; }

toff_t size_tiff(thandle_t handle) { return static_cast<TiffInput*>(handle)->file.size(); }

/// Keeps libtiff from calling its handler for all files, which prints.
int ignore_message(TIFF* /*tiff*/, void* /*user*/, const char* /*module*/, const char* /*format*/,
                   va_list /*arguments*/) {
  return 1;
}

struct OptionsFreer {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};

/// Returns the tag's number, or the default that the specification gives it.
template <typename Number>
Number number_tag(TIFF* tiff, std::uint32_t tag, Number otherwise) {
  Number number = otherwise;
  return TIFFGetFieldDefaulted(tiff, tag, &number) == 1 ? number : otherwise;
}

}  // namespace

std::unique_ptr<TIFF, TiffCloser> open_tiff(TiffInput& input, std::size_t block_max) {
  const std::unique_ptr<TIFFOpenOptions, OptionsFreer> options(TIFFOpenOptionsAlloc());
  if (!options) return nullptr;
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), ignore_message, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_message, nullptr);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), static_cast<tmsize_t>(block_max));
  // Not mapped (m), and without the tables of strips before they are needed (D and O), so that the
  // image's size can be checked before memory is spent on them.
  return std::unique_ptr<TIFF, TiffCloser>(
      TIFFClientOpenExt("image", "rmDO", &input, read_tiff, write_tiff, seek_tiff, close_tiff,
                        size_tiff, nullptr, nullptr, options.get()));
}

unsigned TiffLayout::color_samples() const {
  switch (photometric) {
    case PHOTOMETRIC_RGB:
    case PHOTOMETRIC_YCBCR:
      return 3;
    case PHOTOMETRIC_SEPARATED:
      return 4;
    default:
      return 1;
  }
}

TiffLayout read_layout(TIFF* tiff) {
  TiffLayout layout;
  const auto u16 = [&](std::uint32_t tag, unsigned otherwise) {
    return unsigned{number_tag(tiff, tag, static_cast<std::uint16_t>(otherwise))};
  };
  const auto u32 = [&](std::uint32_t tag) {
    return std::int64_t{number_tag(tiff, tag, std::uint32_t{0})};
  };
  layout.width = u32(TIFFTAG_IMAGEWIDTH);
  layout.height = u32(TIFFTAG_IMAGELENGTH);
  layout.bits = u16(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = u16(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.compression = u16(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  layout.photometric = u16(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
  layout.sample_format = u16(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  layout.planes =
      layout.samples > 1 && u16(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  layout.tiled = TIFFIsTiled(tiff) != 0;
  if (layout.tiled) {
    layout.block_width = u32(TIFFTAG_TILEWIDTH);
    layout.block_height = u32(TIFFTAG_TILELENGTH);
  } else {
    layout.block_width = layout.width;
    layout.block_height = std::min(u32(TIFFTAG_ROWSPERSTRIP), layout.height);
  }
  std::uint16_t extra_count = 0;
  const std::uint16_t* extra = nullptr;
  layout.premultiplied =
      TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extra) == 1 &&
      extra_count > 0 && extra[0] == EXTRASAMPLE_ASSOCALPHA;
  return layout;
}

TiffPalette read_color_map(TIFF* tiff, unsigned bits) {
  std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) != 1) return {};
  const std::size_t count = std::size_t{1} << bits;
  return {{red, count}, {green, count}, {blue, count}};
}

}  // namespace samoyed::worker
