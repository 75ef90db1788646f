#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <gif_lib.h>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

/// What giflib holds whatever the image's size: the tables of its LZW decoder.
constexpr std::int64_t giflib_bytes = std::int64_t{64} << 10;

/// The most pixels that a compressed byte can stand for: a code of 12 bits gives at most 4096, and
/// shorter codes give fewer for each bit.
constexpr std::int64_t gif_pixels_per_byte_max = 4096 * 8 / 12 + 1;

struct GifCloser {
  void operator()(GifFileType* gif) const {
    int error = 0;
    DGifCloseFile(gif, &error);
  }
};
using Gif = std::unique_ptr<GifFileType, GifCloser>;

struct GifInput {
  Bytes rest;  ///< The part of the file that is still unread.
  /// Whether giflib has asked for bytes beyond the end of the file.
  bool exhausted = false;
};

/// giflib's input function. `UserData` points to a GifInput.
int read_input(GifFileType* gif, GifByteType* out, int count) {
  auto& [rest, exhausted] = *static_cast<GifInput*>(gif->UserData);
  const auto wanted = static_cast<std::size_t>(std::max(count, 0));
  const std::size_t size = std::min(rest.size(), wanted);
  exhausted = exhausted || size < wanted;
  std::transform(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size), out,
                 [](std::byte byte) { return std::to_integer<GifByteType>(byte); });
  rest = rest.subspan(size);
  return static_cast<int>(size);
}

/// What the blocks before the first frame say about it.
struct FrameHeader {
  std::uint8_t transparent_index = 0;
};

constexpr std::uint8_t graphic_control_bytes = 4;

/// Reads an extension with all of its blocks.
bool read_extension(GifFileType* gif, FrameHeader& header) {
  int code = 0;
  GifByteType* block = nullptr;  // Begins with its length.
  if (DGifGetExtension(gif, &code, &block) != GIF_OK) return false;
  if (code == GRAPHICS_EXT_FUNC_CODE && block != nullptr && block[0] >= graphic_control_bytes) {
    header.transparent_index = (block[1] & 1) != 0 ? block[4] : 0;
  }
  while (block != nullptr) {
    if (DGifGetExtensionNext(gif, &block) != GIF_OK) return false;
  }
  return true;
}

/// Reads up to the first frame's pixels.
std::optional<FrameHeader> find_frame(GifFileType* gif) {
  FrameHeader header;
  for (;;) {
    GifRecordType type = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(gif, &type) != GIF_OK) return std::nullopt;
    if (type == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(gif) != GIF_OK) return std::nullopt;
      return header;
    }
    if (type != EXTENSION_RECORD_TYPE || !read_extension(gif, header)) return std::nullopt;
  }
}

using Rgb = std::array<std::uint8_t, 3>;

/// Returns the colors of all indices. Those beyond the file's palette are grays, as in Pillow.
std::array<Rgb, 256> find_palette(const GifFileType* gif) {
  std::array<Rgb, 256> palette;
  for (std::size_t i = 0; i < palette.size(); ++i) palette[i].fill(static_cast<std::uint8_t>(i));
  const ColorMapObject* const map =
      gif->Image.ColorMap != nullptr ? gif->Image.ColorMap : gif->SColorMap;
  if (map == nullptr) return palette;
  const auto count = std::min(palette.size(), static_cast<std::size_t>(map->ColorCount));
  for (std::size_t i = 0; i < count; ++i) {
    palette[i] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
  }
  return palette;
}

/// Returns the frame's rows in the order in which the file stores them.
std::vector<int> row_order(int height, bool interlaced) {
  struct Pass {
    int first;
    int step;
  };
  constexpr std::array<Pass, 4> passes{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  std::vector<int> rows;
  rows.reserve(static_cast<std::size_t>(height));
  if (!interlaced) {
    for (int y = 0; y < height; ++y) rows.push_back(y);
    return rows;
  }
  for (const Pass& pass : passes) {
    for (int y = pass.first; y < height; y += pass.step) rows.push_back(y);
  }
  return rows;
}

/// How the decoding of a frame has ended.
enum class GifEnding { complete, cut_short, too_slow };

/// Decodes the frame onto its place on the canvas. The rows that a frame lacks which is cut short
/// are gray.
GifEnding draw(GifFileType* gif, const std::array<Rgb, 256>& palette, Image& canvas,
               CpuBudget budget) {
  const GifImageDesc& frame = gif->Image;
  std::vector<GifPixelType> indices(static_cast<std::size_t>(frame.Width));
  bool complete = true;
  for (const int y : row_order(frame.Height, frame.Interlace)) {
    complete = complete && DGifGetLine(gif, indices.data(), frame.Width) == GIF_OK;
    if (!budget.spend(indices.size())) return GifEnding::too_slow;
    const std::size_t first_pixel =
        static_cast<std::size_t>(frame.Top + y) * static_cast<std::size_t>(canvas.width) +
        static_cast<std::size_t>(frame.Left);
    std::uint8_t* out = canvas.rgb.data() + 3 * first_pixel;
    if (!complete) {
      std::fill_n(out, 3 * indices.size(), gray_level);
      continue;
    }
    for (const GifPixelType index : indices) out = std::ranges::copy(palette[index], out).out;
  }
  return complete ? GifEnding::complete : GifEnding::cut_short;
}

}  // namespace

RawResult decode_gif(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  const CpuBudget budget(limits.cpu_max);
  GifInput input{file};
  int error = 0;
  errno = 0;
  const Gif gif(DGifOpen(&input, read_input, &error));
  // giflib reports another error for some allocations that failed.
  if (!gif && errno == ENOMEM) throw std::bad_alloc();
  if (!gif) return unreadable("The GIF is damaged: its header can't be read.");
  const auto header = find_frame(gif.get());
  if (!header) {
    if (gif->Error == D_GIF_ERR_NOT_ENOUGH_MEM) throw std::bad_alloc();
    return unreadable(input.exhausted ? "The GIF is incomplete: it ends before its first image."
                                      : "The GIF is damaged: it has no image that can be read.");
  }
  const GifImageDesc& frame = gif->Image;
  if (frame.Width <= 0 || frame.Height <= 0) return unreadable("The image has no pixels.");
  // A frame that doesn't fit makes the canvas larger.
  const int width = std::max(gif->SWidth, frame.Left + frame.Width);
  const int height = std::max(gif->SHeight, frame.Top + frame.Height);
  if (auto refusal = check_size(width, height, limits)) return *refusal;
  const std::int64_t need = std::int64_t{3} * width * height + frame.Width +
                            std::int64_t{sizeof(int)} * frame.Height + giflib_bytes;
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);
  if (!options.accept_truncated &&
      std::cmp_greater(std::int64_t{frame.Width} * frame.Height / gif_pixels_per_byte_max,
                       file.size())) {
    return unreadable("The GIF is incomplete.");
  }

  const auto palette = find_palette(gif.get());
  Image canvas = make_image(width, height);
  // What the frame leaves free is transparent. Without alpha, that is the color of the transparent
  // index, or else of index 0.
  if (frame.Width < width || frame.Height < height) {
    const Rgb color = palette[header->transparent_index];
    for (auto out = canvas.rgb.begin(); out != canvas.rgb.end();) {
      out = std::ranges::copy(color, out).out;
    }
  }
  const GifEnding ending = draw(gif.get(), palette, canvas, budget);
  if (ending == GifEnding::too_slow) return too_slow(limits);
  const bool complete = ending == GifEnding::complete;
  if (!complete && !input.exhausted) return unreadable("The GIF is damaged.");
  if (!complete && !options.accept_truncated) return unreadable("The GIF is incomplete.");
  return RawImage{.image = std::move(canvas), .truncated = !complete};
}

}  // namespace samoyed::worker
