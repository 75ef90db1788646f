#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include <webp/decode.h>
#include <webp/demux.h>

#include "worker/decoders/decoders.hpp"
#include "worker/decoders/webp_memory_estimate.hpp"

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

/// The first frame: its pixel stream, as a view into the file, and its place on the canvas.
struct Frame {
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
      frame.stream = chunks.subspan(header_bytes, size);
      return;
    }
    chunks = chunks.subspan(std::min(header_bytes + size + size % 2, chunks.size()));
  }
}

/// Decodes into the frame's rectangle of `canvas`. The demuxer has checked that it lies inside.
bool draw(const Frame& frame, Image& canvas) {
  const std::size_t stride = static_cast<std::size_t>(canvas.width) * 3;
  const std::size_t offset =
      static_cast<std::size_t>(frame.top) * stride + static_cast<std::size_t>(frame.left) * 3;
  return WebPDecodeRGBInto(as_u8(frame.stream), frame.stream.size(), canvas.rgb.data() + offset,
                           canvas.rgb.size() - offset, static_cast<int>(stride)) != nullptr;
}

}  // namespace

RawResult decode_webp(Bytes file, const DecodeLimits& limits) {
  // The size in the RIFF header counts the bytes after it.
  if (file.size() < 8 + std::size_t{read_u32le(file, 4)}) {
    return unreadable("The WebP is incomplete.");
  }
  const WebPData data{as_u8(file), file.size()};
  const std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(WebPDemux(&data));
  if (!demuxer) return unreadable("The WebP is damaged.");

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
    if (!groups) return unreadable("The WebP is damaged.");
    need += *groups * huffman_group_bytes;
  }
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);

  // The part of the canvas that the first frame leaves free is transparent black, so it is black
  // without alpha.
  Image image = make_image(static_cast<int>(width), static_cast<int>(height));
  if (!draw(frame, image)) return unreadable("The WebP is damaged.");

  Bytes exif;
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) != 0) {
    exif = {reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size};
    WebPDemuxReleaseChunkIterator(&chunk);
  }
  return RawImage{std::move(image), exif};
}

}  // namespace samoyed::worker
