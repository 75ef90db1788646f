#include <cstdint>
#include <memory>
#include <utility>

#include <webp/decode.h>
#include <webp/demux.h>

#include "worker/decoders.hpp"

namespace samoyed::worker {

namespace {

/// What libwebp holds at most for each pixel of a frame while it decodes it, by its sources:
/// lossless 4 bytes of ARGB, for an alpha plane 1 more and 1 of workings; the rest grows with the
/// width alone.
constexpr std::int64_t frame_bytes_per_pixel = 6;
constexpr std::int64_t frame_bytes_per_column = 512;

struct DemuxerDeleter {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

/// The first frame, as a view into the file, and its place on the canvas.
struct Frame {
  Bytes file;
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

const std::uint8_t* as_u8(Bytes bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

/// Decodes into the frame's rectangle of `canvas`, where it lies inside: the demuxer has checked
/// it.
bool draw(const Frame& frame, Image& canvas) {
  const std::size_t stride = static_cast<std::size_t>(canvas.width) * 3;
  const std::size_t offset =
      static_cast<std::size_t>(frame.top) * stride + static_cast<std::size_t>(frame.left) * 3;
  return WebPDecodeRGBInto(as_u8(frame.file), frame.file.size(), canvas.rgb.data() + offset,
                           canvas.rgb.size() - offset, static_cast<int>(stride)) != nullptr;
}

}  // namespace

StoredResult decode_webp(Bytes file, const DecodeLimits& limits) {
  // The size in the RIFF header counts what follows it.
  if (file.size() < 8 + std::size_t{read_u32le(file, 4)}) {
    return unreadable("The WebP file ends before its last row.");
  }
  const WebPData data{as_u8(file), file.size()};
  const std::unique_ptr<WebPDemuxer, DemuxerDeleter> demuxer(WebPDemux(&data));
  if (!demuxer) return unreadable("The WebP file is damaged.");

  const std::int64_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  const std::int64_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  if (auto refusal = check_size(width, height, limits)) return *refusal;

  WebPIterator iterator;
  if (WebPDemuxGetFrame(demuxer.get(), 1, &iterator) == 0) {
    return unreadable("The WebP file has no picture.");
  }
  const Frame frame{
      Bytes(reinterpret_cast<const std::byte*>(iterator.fragment.bytes), iterator.fragment.size),
      iterator.x_offset, iterator.y_offset, iterator.width, iterator.height};
  WebPDemuxReleaseIterator(&iterator);

  const std::int64_t need = width * height * 3 + frame_bytes_per_column * frame.width +
                            frame_bytes_per_pixel * frame.width * frame.height;
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);

  // What the first frame leaves free of its canvas is transparent black, so black without alpha.
  Image image = make_image(static_cast<int>(width), static_cast<int>(height));
  if (!draw(frame, image)) return unreadable("The WebP file is damaged.");

  Bytes exif;
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) != 0) {
    exif = {reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size};
    WebPDemuxReleaseChunkIterator(&chunk);
  }
  return StoredImage{std::move(image), exif};
}

}  // namespace samoyed::worker
