#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include <webp/decode.h>
#include <webp/demux.h>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/headers/webp_memory_estimate.hpp"

namespace samoyed::worker {

namespace {

/// The most memory that libwebp holds for each pixel of a frame while it decodes the frame,
/// according to its sources: for lossless frames 4 bytes of ARGB, and less than 1 for the images of
/// the transforms. Apart from the tables, the rest grows only with the width.
constexpr std::int64_t frame_bytes_per_pixel = 6;
constexpr std::int64_t frame_bytes_per_column = 512;

/// The size of a group of Huffman tables: up to 5004 entries of 4 bytes, and what finds them
/// (libwebp 1.2.4, kTableSize and HTreeGroup).
constexpr std::int64_t huffman_group_bytes = 5004 * 4 + 1024;

struct DemuxerDeleter {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

struct IncrementalDecoderDeleter {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};

/// How many bytes the decoder gets at a time. The CPU time is checked in between.
constexpr std::size_t webp_piece_bytes = std::size_t{64} << 10;

/// What a pixel takes at least, of a picture of one color: 3.1 ns in a lossless one, 4.1 ns in a
/// lossy one (8192x8192 pixels, 2.6 GHz). Such a picture, or the rest of one, fits into a single
/// piece, within which libwebp can't be stopped.
constexpr std::chrono::nanoseconds pixel_time_min{3};

/// The first frame: its pixel stream, as a view into the file, with and without the header of its
/// chunk, and its place on the canvas.
struct Frame {
  Bytes chunk = {};
  Bytes stream = {};
  bool lossless = false;
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

const std::uint8_t* as_u8(Bytes bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// Finds the pixel stream in a frame's chunks. Leaves out the alpha of a lossy frame, which would
/// be decoded in vain. The stream is empty if there is none.
void find_stream(Bytes chunks, Frame& frame) {
  constexpr std::size_t header_bytes = 8;
  while (chunks.size() >= header_bytes) {
    const std::size_t announced = read_u32le(chunks, 4);
    const std::size_t size = std::min(announced, chunks.size() - header_bytes);
    frame.lossless = has_text(chunks, 0, "VP8L");
    if (frame.lossless || has_text(chunks, 0, "VP8 ")) {
      frame.chunk = chunks.first(header_bytes + size);
      frame.stream = chunks.subspan(header_bytes, size);
      return;
    }
    chunks = chunks.subspan(std::min(header_bytes + size + size % 2, chunks.size()));
  }
}

/// Fills the frame's rectangle with the gray of missing pixels.
void gray_out(const Frame& frame, Image& canvas) {
  for (int y = frame.top; y < frame.top + frame.height; ++y) {
    const auto first = static_cast<std::ptrdiff_t>(y) * canvas.width + frame.left;
    std::fill_n(canvas.rgb.begin() + 3 * first, std::ptrdiff_t{3} * frame.width, gray_level);
  }
}

/// How many pixels of the frame are not decoded yet.
std::int64_t pixels_left(const WebPIDecoder* decoder, const Frame& frame) {
  int rows = 0;
  if (WebPIDecGetRGB(decoder, &rows, nullptr, nullptr, nullptr) == nullptr) rows = 0;
  return std::int64_t{frame.width} * (frame.height - rows);
}

enum class FrameEnding { complete, truncated, damaged, too_slow };

/// Decodes into the frame's rectangle of `canvas`. The demuxer has checked that it lies inside.
FrameEnding draw(const Frame& frame, Image& canvas, CpuBudget& budget) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return FrameEnding::damaged;
  const std::size_t stride = static_cast<std::size_t>(canvas.width) * 3;
  const std::size_t offset =
      static_cast<std::size_t>(frame.top) * stride + static_cast<std::size_t>(frame.left) * 3;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {.rgba = canvas.rgb.data() + offset,
                          .stride = static_cast<int>(stride),
                          .size = canvas.rgb.size() - offset};
  const std::unique_ptr<WebPIDecoder, IncrementalDecoderDeleter> decoder(
      WebPIDecode(nullptr, 0, &config));
  if (!decoder) throw std::bad_alloc();
  std::size_t given = 0;
  while (given < frame.chunk.size()) {
    given = std::min(given + webp_piece_bytes, frame.chunk.size());
    if (!budget.allows(pixel_time_min * pixels_left(decoder.get(), frame))) {
      return FrameEnding::too_slow;
    }
    errno = 0;
    const VP8StatusCode status = WebPIUpdate(decoder.get(), as_u8(frame.chunk), given);
    if (status == VP8_STATUS_OK) return FrameEnding::complete;
    // libwebp calls some images damaged when it lacks memory.
    const bool failed = status != VP8_STATUS_SUSPENDED;
    if (status == VP8_STATUS_OUT_OF_MEMORY || (failed && errno == ENOMEM)) throw std::bad_alloc();
    if (failed) return FrameEnding::damaged;
  }
  return FrameEnding::truncated;
}

/// Returns the content of the first chunk of that name, as a view into the file.
Bytes find_chunk(const WebPDemuxer* demuxer, const char* name) {
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer, name, 1, &chunk) == 0) return {};
  const Bytes content{reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size};
  WebPDemuxReleaseChunkIterator(&chunk);
  return content;
}

}  // namespace

RawResult decode_webp(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  CpuBudget budget(limits.cpu_max);
  // The size in the RIFF header counts the bytes after it.
  const bool ends_early = file.size() < 8 + std::size_t{read_u32le(file, 4)};
  if (ends_early && !options.accept_truncated) return unreadable("The WebP is incomplete.");
  const WebPData data{as_u8(file), file.size()};
  errno = 0;
  const std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(
      ends_early ? WebPDemuxPartial(&data, nullptr) : WebPDemux(&data));
  const auto damaged = [&] {
    return unreadable(ends_early ? "The WebP is incomplete." : "The WebP is damaged.");
  };
  // The demuxer doesn't report why it failed, but an allocation that fails sets errno.
  if (!demuxer && errno == ENOMEM) throw std::bad_alloc();
  if (!demuxer) return damaged();

  const std::int64_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  const std::int64_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  if (auto refusal = check_size(width, height, limits)) return *refusal;

  WebPIterator iterator;
  if (WebPDemuxGetFrame(demuxer.get(), 1, &iterator) == 0) {
    return unreadable("The WebP contains no image.");
  }
  Frame frame{.left = iterator.x_offset,
              .top = iterator.y_offset,
              .width = iterator.width,
              .height = iterator.height};
  find_stream({reinterpret_cast<const std::byte*>(iterator.fragment.bytes), iterator.fragment.size},
              frame);
  WebPDemuxReleaseIterator(&iterator);

  std::int64_t need = width * height * 3 + frame_bytes_per_column * frame.width +
                      frame_bytes_per_pixel * frame.width * frame.height;
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);
  if (frame.lossless) {
    const auto groups = count_huffman_groups(frame.stream);
    if (!groups) return damaged();
    need += *groups * huffman_group_bytes;
  }
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);

  // The part of the canvas that the first frame leaves free is transparent black, so it is black
  // without alpha.
  Image image = make_image(static_cast<int>(width), static_cast<int>(height));
  if (ends_early) gray_out(frame, image);
  const FrameEnding ending = draw(frame, image, budget);
  if (ending == FrameEnding::too_slow) return too_slow(limits);
  if (ending == FrameEnding::damaged || (ending == FrameEnding::truncated && !ends_early))
    return damaged();
  return RawImage{.image = std::move(image),
                  .exif = find_chunk(demuxer.get(), "EXIF"),
                  .truncated = ending == FrameEnding::truncated};
}

}  // namespace samoyed::worker
