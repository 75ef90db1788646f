#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <openjpeg.h>
#include <utility>

#include "worker/decoders/cmyk.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/headers/jpeg2000_layout.hpp"

namespace samoyed::worker {

namespace {

// EnumCS (ISO/IEC 15444-1, table I.10, and 15444-2, table M.25).
constexpr std::uint32_t cmyk = 12, lab = 14, sycc = 18, eycc = 24;

// OpenJPEG's streams and codecs have the same type, `void*`.
struct StreamDestroyer {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct CodecDestroyer {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct SamplesDestroyer {
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};
using Samples = std::unique_ptr<opj_image_t, SamplesDestroyer>;

/// A codestream in memory, and how much of it OpenJPEG has read.
struct Input {
  Bytes bytes;
  std::size_t at = 0;
};

constexpr auto failed = static_cast<OPJ_SIZE_T>(-1);

OPJ_SIZE_T read_input(void* buffer, OPJ_SIZE_T size, void* data) {
  auto& input = *static_cast<Input*>(data);
  const std::size_t count = std::min<std::size_t>(size, input.bytes.size() - input.at);
  if (count == 0) return failed;
  std::memcpy(buffer, input.bytes.data() + input.at, count);
  input.at += count;
  return count;
}

OPJ_OFF_T skip_input(OPJ_OFF_T count, void* data) {
  auto& input = *static_cast<Input*>(data);
  const auto left = static_cast<OPJ_OFF_T>(input.bytes.size() - input.at);
  if (count < 0 || count > left) return -1;
  input.at += static_cast<std::size_t>(count);
  return count;
}

OPJ_BOOL seek_input(OPJ_OFF_T position, void* data) {
  auto& input = *static_cast<Input*>(data);
  if (position < 0 || std::cmp_greater(position, input.bytes.size())) return OPJ_FALSE;
  input.at = static_cast<std::size_t>(position);
  return OPJ_TRUE;
}

/// Decodes all components. What OpenJPEG holds besides them is free again afterward.
Samples decode_samples(Bytes codestream) {
  constexpr std::size_t buffer_bytes = std::size_t{64} << 10;
  Input input{codestream};
  const std::unique_ptr<opj_stream_t, StreamDestroyer> stream(
      opj_stream_create(buffer_bytes, OPJ_TRUE));
  const std::unique_ptr<opj_codec_t, CodecDestroyer> codec(opj_create_decompress(OPJ_CODEC_J2K));
  if (!stream || !codec) return nullptr;
  opj_stream_set_read_function(stream.get(), read_input);
  opj_stream_set_skip_function(stream.get(), skip_input);
  opj_stream_set_seek_function(stream.get(), seek_input);
  opj_stream_set_user_data(stream.get(), &input, nullptr);
  opj_stream_set_user_data_length(stream.get(), codestream.size());
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_image_t* header = nullptr;
  if (opj_setup_decoder(codec.get(), &parameters) == OPJ_FALSE ||
      opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) == OPJ_FALSE) {
    return nullptr;
  }
  const bool opened = opj_read_header(stream.get(), codec.get(), &header) == OPJ_TRUE;
  Samples image(header);
  if (!opened || opj_decode(codec.get(), stream.get(), image.get()) == OPJ_FALSE) return nullptr;
  return image;
}

/// Turns the samples of one row of a component to bytes, as Pillow does: rounded if there are more
/// than 8 bits, shifted to the left if there are fewer.
class RowReader {
 public:
  RowReader(const opj_image_comp_t& component, const Jpeg2000Layout& layout)
      : component_(component),
        layout_(layout),
        left_((layout.left + component.dx - 1) / component.dx),
        top_((layout.top + component.dy - 1) / component.dy) {
    if (component.sgnd != 0) offset_ = std::int64_t{1} << (component.prec - 1);
    if (component.prec > 8) {
      shift_ = component.prec - 8;
      offset_ += std::int64_t{1} << (shift_ - 1);
    }
  }

  /// Each step writes one byte, `stride` bytes behind the one before.
  void read(std::int64_t y, std::uint8_t* out, std::size_t stride) const {
    const std::int64_t row =
        std::clamp<std::int64_t>((layout_.top + y) / component_.dy - top_, 0, component_.h - 1);
    const OPJ_INT32* const samples = component_.data + row * component_.w;
    for (std::int64_t x = 0; x < layout_.width(); ++x, out += stride) {
      const std::int64_t column =
          component_.dx == 1 ? x
                             : std::clamp<std::int64_t>((layout_.left + x) / component_.dx - left_,
                                                        0, component_.w - 1);
      *out = to_byte(samples[column]);
    }
  }

 private:
  std::uint8_t to_byte(std::int64_t sample) const {
    const std::int64_t value = (sample + offset_) >> shift_;
    const unsigned up = component_.prec < 8 ? 8 - component_.prec : 0;
    return static_cast<std::uint8_t>(std::clamp<std::int64_t>(value, 0, 255) << up);
  }

  const opj_image_comp_t& component_;
  const Jpeg2000Layout& layout_;
  std::int64_t left_, top_;
  std::int64_t offset_ = 0;
  unsigned shift_ = 0;
};

/// Converts Y, Cb and Cr to R, G and B in place, with the values of Pillow's tables.
void convert_ycc(std::uint8_t* pixel) {
  const auto scaled = [](double factor, int value) {
    return static_cast<int>(factor * 64 * (value - 128) + 0.5);
  };
  const int y = pixel[0], cb = pixel[1], cr = pixel[2];
  const auto level = [y](int difference) {
    return static_cast<std::uint8_t>(std::clamp(y + (difference >> 6), 0, 255));
  };
  pixel[0] = level(scaled(1.402, cr));
  pixel[1] = level(scaled(-0.34414, cb) + scaled(-0.71414, cr));
  pixel[2] = level(scaled(1.772, cb));
}

/// Whether the components are luminance and color differences. Pillow takes subsampled components
/// for that, too.
bool is_ycc(const Jpeg2000File& file, const Jpeg2000Layout& layout) {
  const auto subsampled = [](const Jpeg2000Component& component) {
    return component.step_x != 1 || component.step_y != 1;
  };
  const auto& components = layout.components;
  return file.color_space == sycc ||
         (!subsampled(components[0]) && (subsampled(components[1]) || subsampled(components[2])));
}

void convert_row(const Jpeg2000File& file, bool ycc, std::vector<std::uint8_t>& channels,
                 std::size_t count, std::uint8_t* rgb) {
  for (std::size_t x = 0; x < channels.size() / count; ++x, rgb += 3) {
    const std::uint8_t* const pixel = channels.data() + x * count;
    if (!file.palette.empty()) {
      const auto& color = file.palette[std::min<std::size_t>(pixel[0], file.palette.size() - 1)];
      std::copy(color.begin(), color.end(), rgb);
    } else if (count < 3) {
      std::fill_n(rgb, 3, pixel[0]);
    } else if (count == 4 && file.color_space == cmyk) {
      convert_cmyk(pixel, rgb);
    } else {
      std::copy_n(pixel, 3, rgb);
      if (ycc) convert_ycc(rgb);
    }
  }
}

}  // namespace

RawResult decode_jpeg2000(Bytes file, const DecodeLimits& limits) {
  const auto boxes = read_jpeg2000_boxes(file);
  if (!boxes) return unreadable("The JPEG 2000 image is damaged or incomplete.");
  const auto layout = read_jpeg2000_layout(boxes->codestream);
  if (!layout) {
    return unreadable(
        "The JPEG 2000 image is damaged, or has a number of channels that isn't supported.");
  }
  if (auto refusal = check_size(layout->width(), layout->height(), limits)) return *refusal;
  if (boxes->color_space == lab || boxes->color_space == eycc) {
    return unreadable("The JPEG 2000 image's color space isn't supported. Save it as sRGB.");
  }
  const auto need = jpeg2000_memory_estimate(boxes->codestream, *layout);
  if (!need) {
    return unreadable(
        "The JPEG 2000 image is damaged, incomplete or of a kind that isn't supported.");
  }
  std::int64_t samples = 0;
  for (const Jpeg2000Component& component : layout->components)
    samples += layout->samples(component);
  const std::int64_t converted = 4 * samples + 3 * layout->width() * layout->height();
  if (std::cmp_greater(std::max(*need, converted), limits.memory_bytes_max)) {
    return too_much_memory(layout->width(), layout->height());
  }

  const Samples decoded = decode_samples(boxes->codestream);
  const std::size_t count = layout->components.size();
  if (!decoded || decoded->numcomps != count) {
    return unreadable("The JPEG 2000 image is damaged or incomplete.");
  }
  std::vector<RowReader> readers;
  for (std::size_t i = 0; i < count; ++i) {
    const opj_image_comp_t& component = decoded->comps[i];
    if (component.data == nullptr || component.w == 0 || component.h == 0 ||
        std::int64_t{component.w} * component.h != layout->samples(layout->components[i])) {
      return unreadable("The JPEG 2000 image is damaged or incomplete.");
    }
    readers.emplace_back(component, *layout);
  }
  Image image = make_image(static_cast<int>(layout->width()), static_cast<int>(layout->height()));
  std::vector<std::uint8_t> channels(count * static_cast<std::size_t>(layout->width()));
  const bool ycc = count >= 3 && is_ycc(*boxes, *layout);
  for (std::int64_t y = 0; y < layout->height(); ++y) {
    for (std::size_t i = 0; i < count; ++i) readers[i].read(y, channels.data() + i, count);
    convert_row(*boxes, ycc, channels, count, image.rgb.data() + 3 * y * layout->width());
  }
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
