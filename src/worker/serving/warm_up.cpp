#include "worker/serving/warm_up.hpp"

#include <cstdint>
#include <latch>
#include <memory>
#include <span>
#include <vector>

#include "worker/image/image.hpp"
#include "worker/image/jpeg_writer.hpp"

namespace samoyed::worker {
namespace {

/// A typical size of images on the web, so that the memory it leaves behind suits most of them.
constexpr Size image_size{1024, 768};
constexpr int jpeg_quality = 75;
constexpr std::size_t jpeg_bytes_max = std::size_t{4} << 20;

void recognize_at_once(RecognitionQueue& queue, std::span<const std::byte> image,
                       std::size_t count) {
  // Shared, because the last thread may still be in `count_down` when the wait is over.
  const auto pending = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    const bool queued = queue
                            .submit({image.begin(), image.end()}, 1,
                                    [pending](const protocol::Result&) { pending->count_down(); })
                            .has_value();
    if (!queued) pending->count_down();  // The queue holds fewer images than there are threads.
  }
  pending->wait();
}

}  // namespace

std::string make_warm_up_image() {
  Image image{image_size.width, image_size.height, {}};
  image.rgb.resize(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
                   3);
  std::uint32_t state = 1;
  for (std::uint8_t& value : image.rgb) {
    state = state * 1664525U + 1013904223U;  // The generator of Numerical Recipes.
    value = static_cast<std::uint8_t>(124 + (state >> 29));
  }
  return write_jpeg(image, jpeg_quality, jpeg_bytes_max, JpegKind::progressive);
}

void warm_up(RecognitionQueue& queue, std::size_t threads) {
  const std::string file = make_warm_up_image();
  const auto image = std::as_bytes(std::span(file));
  // In the first round everything is slow. After the second one the processor has also learned the
  // decoder's branches.
  for (int round = 0; round < 2; ++round) recognize_at_once(queue, image, threads);
  recognize_at_once(queue, image, 1);
}

}  // namespace samoyed::worker
