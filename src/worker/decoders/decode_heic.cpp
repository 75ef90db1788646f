#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <libheif/heif.h>
#include <memory>
#include <string_view>
#include <utility>

#include "worker/decoders/decoders.hpp"
#include "worker/headers/heif_frames.hpp"
#include "worker/headers/heif_items.hpp"

namespace samoyed::worker {

namespace {

/// The most that libheif 1.15 and libde265 hold for each pixel, a little above what was measured:
/// the codec's frame, a copy for each transformation, and the steps of the conversion to RGB.
constexpr std::int64_t heic_bytes_per_pixel = 12;
/// The same for more than 8 bits. Measured: 12 without, and 16 with full color resolution.
constexpr std::int64_t heif_deep_bytes_per_pixel = 20;
/// What a codec holds whatever the image's size.
constexpr std::int64_t heif_codec_bytes = std::int64_t{8} << 20;

struct HeifFreer {
  void operator()(heif_context* context) const { heif_context_free(context); }
  void operator()(heif_image_handle* handle) const { heif_image_handle_release(handle); }
  void operator()(heif_image* image) const { heif_image_release(image); }
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};

using HeifHandle = std::unique_ptr<heif_image_handle, HeifFreer>;
using HeifImage = std::unique_ptr<heif_image, HeifFreer>;

HeifHandle open_primary_image(heif_context* context) {
  heif_image_handle* handle = nullptr;
  const heif_error error = heif_context_get_primary_image_handle(context, &handle);
  return HeifHandle(error.code == heif_error_Ok ? handle : nullptr);
}

/// Decodes to 8-bit RGB, with all of the file's rotations, mirrorings and crops applied.
HeifImage decode_upright_rgb(const heif_image_handle* handle) {
  const std::unique_ptr<heif_decoding_options, HeifFreer> options(heif_decoding_options_alloc());
  if (!options) return nullptr;
  options->convert_hdr_to_8bit = 1;
  options->strict_decoding = 1;
  heif_image* image = nullptr;
  const heif_error error = heif_decode_image(handle, &image, heif_colorspace_RGB,
                                             heif_chroma_interleaved_RGB, options.get());
  return HeifImage(error.code == heif_error_Ok ? image : nullptr);
}

/// `pixels` are those of the image that the boxes describe.
std::int64_t heif_need(const HeifFrames& frames, const heif_image_handle* handle,
                       std::int64_t pixels) {
  const bool deep = heif_image_handle_get_luma_bits_per_pixel(handle) > 8 ||
                    heif_image_handle_get_chroma_bits_per_pixel(handle) > 8;
  return std::max({(deep ? heif_deep_bytes_per_pixel : heic_bytes_per_pixel) *
                       std::max(pixels, frames.canvas_pixels_max),
                   heic_bytes_per_pixel * frames.pixels_max,
                   heif_deep_bytes_per_pixel * frames.deep_pixels_max}) +
         heif_codec_bytes;
}

/// Whether a HEIF file has an item that AV1 encodes, whatever its brands say. libheif would decode
/// it, with a frame of any size.
bool has_av1_item(Bytes file) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  return text.find("av01") != text.npos;
}

}  // namespace

RawResult decode_heic(Bytes file, const DecodeLimits& limits) {
  if (!has_finite_references(file)) {
    return unreadable("The HEIC is damaged: an image in it consists of itself, or of too many.");
  }
  if (has_av1_item(file)) {
    return unreadable("The HEIC contains an AVIF image. Save it as AVIF or JPEG.");
  }
  const std::unique_ptr<heif_context, HeifFreer> context(heif_context_alloc());
  if (!context) return unreadable("The image can't be opened.");
  heif_context_set_maximum_image_size_limit(context.get(), limits.side_px_max);
  heif_context_set_max_decoding_threads(context.get(), 0);
  const heif_error opened =
      heif_context_read_from_memory_without_copy(context.get(), file.data(), file.size(), nullptr);
  const HeifHandle handle =
      opened.code == heif_error_Ok ? open_primary_image(context.get()) : nullptr;
  if (opened.subcode == heif_suberror_Security_limit_exceeded) {
    return protocol::Refusal{protocol::RefusalReason::too_many_pixels,
                             "The image is larger than is allowed."};
  }
  if (!handle) return unreadable("The image's file is damaged or incomplete.");

  const std::int64_t width = heif_image_handle_get_width(handle.get());
  const std::int64_t height = heif_image_handle_get_height(handle.get());
  if (auto refusal = check_size(width, height, limits)) return *refusal;
  // A crop makes the image smaller than what is decoded.
  const std::int64_t stored_width = heif_image_handle_get_ispe_width(handle.get());
  const std::int64_t stored_height = heif_image_handle_get_ispe_height(handle.get());
  if (auto refusal = check_size(stored_width, stored_height, limits)) return *refusal;
  const auto frames = find_heif_frames(file);
  if (!frames) return unreadable("The HEIC's parts are stored in a way that isn't supported.");
  const std::int64_t need = heif_need(*frames, handle.get(), stored_width * stored_height);
  if (std::cmp_greater(need, limits.memory_bytes_max)) return too_much_memory(width, height);

  const HeifImage decoded = decode_upright_rgb(handle.get());
  if (!decoded)
    return unreadable("The image is damaged, incomplete or of a kind that isn't supported.");
  int stride = 0;
  const std::uint8_t* const rows =
      heif_image_get_plane_readonly(decoded.get(), heif_channel_interleaved, &stride);
  if (rows == nullptr || heif_image_get_primary_width(decoded.get()) != width ||
      heif_image_get_primary_height(decoded.get()) != height) {
    return unreadable("The image is damaged: it is not as large as its file says.");
  }
  Image image = make_image(static_cast<int>(width), static_cast<int>(height));
  for (std::int64_t y = 0; y < height; ++y) {
    std::copy_n(rows + y * stride, 3 * width, image.rgb.begin() + 3 * y * width);
  }
  // The image is upright: an orientation in EXIF would turn it again.
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
