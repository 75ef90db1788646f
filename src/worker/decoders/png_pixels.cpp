#include "worker/decoders/png_pixels.hpp"

#include <algorithm>
#include <cstring>
#include <libdeflate.h>
#include <memory>
#include <utility>

namespace samoyed::worker {

namespace {

/// Appends the contents of consecutive data chunks. Returns false if the file ends before they do.
bool join_data_chunks(Bytes file, std::size_t first_chunk, std::vector<std::byte>& joined) {
  constexpr std::size_t header_bytes = 8;  // The length and the name of a chunk.
  constexpr std::size_t checksum_bytes = 4;
  std::size_t at = first_chunk;
  while (file.size() >= at + header_bytes && has_text(file, at + 4, "IDAT")) {
    const std::size_t length = read_u32be(file, at);
    at += header_bytes;
    if (file.size() - at < length) return false;
    const Bytes content = file.subspan(at, length);
    joined.insert(joined.end(), content.begin(), content.end());
    at += length + checksum_bytes;
  }
  return true;
}

struct Freer {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

/// A pixel in the first lanes, one for each channel. A lane is wide enough for the sum of two
/// bytes, and all lanes fill a register. The fourth lane of a pixel of three channels has any
/// value.
using Pixel [[gnu::vector_size(16)]] = std::int16_t;
using PixelBytes [[gnu::vector_size(8)]] = std::uint8_t;

constexpr Pixel low_byte = Pixel{} + std::int16_t{0xFF};

/// How many bytes are read and stored for each pixel, if they exist.
constexpr std::size_t pixel_bytes = 4;

Pixel load(const std::uint8_t* from) {
  PixelBytes bytes{};
  std::memcpy(&bytes, from, pixel_bytes);
  return __builtin_convertvector(bytes, Pixel);
}

/// Stores `count` bytes of a pixel.
template <std::size_t count>
void store(Pixel pixel, std::uint8_t* to) {
  const PixelBytes bytes = __builtin_convertvector(pixel, PixelBytes);
  std::memcpy(to, &bytes, count);
}

Pixel magnitude(Pixel value) { return value > -value ? value : -value; }

/// Whichever of left, above and above_left is closest to left + above - above_left, in this order.
Pixel paeth(Pixel left, Pixel above, Pixel above_left) {
  const Pixel to_left = above - above_left;
  const Pixel to_above = left - above_left;
  const Pixel from_left = magnitude(to_left);
  const Pixel from_above = magnitude(to_above);
  const Pixel from_above_left = magnitude(to_left + to_above);
  const Pixel closer = from_left <= from_above ? left : above;
  const Pixel distance = from_left <= from_above ? from_left : from_above;
  return distance <= from_above_left ? closer : above_left;
}

/// Writes a row of `bytes` bytes. `predict(left, above, above_left)` tells what to add to each
/// pixel. Stores a fourth byte where another pixel of the row follows, which then overwrites it.
template <std::size_t channels, typename Predict>
void add_prediction(const std::uint8_t* filtered, const std::uint8_t* prior, std::uint8_t* row,
                    std::size_t bytes, Predict predict) {
  Pixel left{};
  Pixel above_left{};
  std::size_t at = 0;
  for (; at + channels < bytes; at += channels) {
    const Pixel above = load(prior + at);
    left = (load(filtered + at) + predict(left, above, above_left)) & low_byte;
    above_left = above;
    store<pixel_bytes>(left, row + at);
  }
  store<channels>(load(filtered + at) + predict(left, load(prior + at), above_left), row + at);
}

/// Undoes the filter of one row, given the row above it.
template <std::size_t channels>
bool undo_filter(unsigned filter, const std::uint8_t* filtered, const std::uint8_t* prior,
                 std::uint8_t* row, std::size_t bytes) {
  switch (filter) {
    case 0:
      std::copy_n(filtered, bytes, row);
      return true;
    case 1:
      add_prediction<channels>(filtered, prior, row, bytes,
                               [](Pixel left, Pixel, Pixel) { return left; });
      return true;
    case 2:
      for (std::size_t at = 0; at < bytes; ++at) {
        row[at] = static_cast<std::uint8_t>(filtered[at] + prior[at]);
      }
      return true;
    case 3:
      add_prediction<channels>(filtered, prior, row, bytes,
                               [](Pixel left, Pixel above, Pixel) { return (left + above) >> 1; });
      return true;
    case 4:
      add_prediction<channels>(filtered, prior, row, bytes, paeth);
      return true;
    default:
      return false;
  }
}

void drop_alpha(std::span<const std::uint8_t> rgba, std::uint8_t* rgb) {
  for (std::size_t at = 0; at < rgba.size(); at += 4, rgb += 3) {
    rgb[0] = rgba[at];
    rgb[1] = rgba[at + 1];
    rgb[2] = rgba[at + 2];
  }
}

bool undo_rgb_filters(std::span<const std::uint8_t> filtered, std::size_t width,
                      std::span<std::uint8_t> rgb) {
  const std::size_t bytes = 3 * width;
  const std::vector<std::uint8_t> zeros(bytes + png_filter_padding);
  const std::uint8_t* prior = zeros.data();
  const std::uint8_t* in = filtered.data();
  for (auto row = rgb; !row.empty(); row = row.subspan(bytes), in += 1 + bytes) {
    if (!undo_filter<3>(*in, in + 1, prior, row.data(), bytes)) return false;
    prior = row.data();
  }
  return true;
}

bool undo_rgba_filters(std::span<const std::uint8_t> filtered, std::size_t width,
                       std::span<std::uint8_t> rgb) {
  const std::size_t bytes = 4 * width;
  std::vector<std::uint8_t> prior(bytes);
  std::vector<std::uint8_t> row(bytes);
  const std::uint8_t* in = filtered.data();
  for (auto out = rgb; !out.empty(); out = out.subspan(3 * width), in += 1 + bytes) {
    if (!undo_filter<4>(*in, in + 1, prior.data(), row.data(), bytes)) return false;
    drop_alpha(row, out.data());
    std::swap(prior, row);
  }
  return true;
}

}  // namespace

std::optional<std::vector<std::uint8_t>> inflate_png_data(Bytes file, std::size_t first_chunk,
                                                          std::size_t size, std::size_t padding,
                                                          std::size_t memory_bytes_max) {
  const std::size_t compressed_bytes_max = file.size() - first_chunk;
  if (size + padding + compressed_bytes_max > memory_bytes_max) return std::nullopt;
  std::vector<std::byte> compressed;
  compressed.reserve(compressed_bytes_max);
  if (!join_data_chunks(file, first_chunk, compressed)) return std::nullopt;
  const std::unique_ptr<libdeflate_decompressor, Freer> inflater(libdeflate_alloc_decompressor());
  if (!inflater) return std::nullopt;
  std::vector<std::uint8_t> data(size + padding);
  const auto result = libdeflate_zlib_decompress(inflater.get(), compressed.data(),
                                                 compressed.size(), data.data(), size, nullptr);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  return data;
}

bool undo_png_filters(std::span<const std::uint8_t> filtered, std::size_t channels,
                      std::size_t width, std::span<std::uint8_t> rgb) {
  return channels == 3 ? undo_rgb_filters(filtered, width, rgb)
                       : undo_rgba_filters(filtered, width, rgb);
}

}  // namespace samoyed::worker
