#pragma once

#include <cstddef>
#include <cstdint>
#include <png.h>
#include <span>
#include <string_view>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// One PNG read by libpng, from the file in memory to pixels. The steps are taken in the order of
/// their declaration; after one that returns false only problem() may be asked.
///
/// libpng reports errors by longjmp, which must not pass over objects with destructors: so each
/// step sets its own jump target and keeps nothing of that kind in its frame.
/// Thread rule: one object, one thread.
class PngReader {
 public:
  /// Throws std::bad_alloc.
  explicit PngReader(Bytes file);
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Reads all before the pixels, with its checksums.
  bool read_header() noexcept;
  /// Reads the pixels into width() * height() * 3 bytes: R G B, of 16-bit samples the high byte.
  /// Alpha is dropped. As Pillow does, it takes no notice of checksums from here on, which shows an
  /// image with a flaw instead of none.
  bool read_pixels(std::span<std::uint8_t> rgb) noexcept;
  /// Goes through what is left, to see whether the file is whole.
  bool read_rest() noexcept;

  std::int64_t width() const { return png_get_image_width(png_, info_); }
  std::int64_t height() const { return png_get_image_height(png_, info_); }
  /// The size of the pixels as the file stores them, before deflate.
  std::int64_t stored_bytes() const {
    return static_cast<std::int64_t>(png_get_rowbytes(png_, info_)) * height();
  }
  /// Why a step failed, in one sentence.
  std::string_view problem() const { return problem_; }

 private:
  [[noreturn]] static void explain_and_give_up(png_structp png, png_const_charp message);
  static void give_bytes(png_structp png, png_bytep out, std::size_t count);

  [[noreturn]] void give_up(std::string_view problem);
  bool has_palette() const { return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE; }
  void choose_output();
  void read_passes(std::span<std::uint8_t> rgb);
  bool paint_from_palette(std::span<std::uint8_t> rgb);

  Bytes file_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  /// What libpng may still ask for.
  std::size_t bytes_allowed_;
  std::string_view problem_;
};

}  // namespace samoyed::worker
