#pragma once

#include <cstddef>
#include <cstdint>
#include <png.h>
#include <span>
#include <string_view>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// Reads one PNG with libpng, from the file in memory to pixels. Call the steps in the order of
/// their declaration. After a step that returns false, call only problem().
///
/// libpng reports errors by longjmp, which must not skip destructors. So each step sets its own
/// jump target and has no objects with destructors in its frame. Not thread-safe: use
/// from one thread at a time.
class PngReader {
 public:
  /// Throws std::bad_alloc.
  explicit PngReader(Bytes file);
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Reads everything before the pixels and checks its checksums.
  bool read_header() noexcept;
  /// Reads the pixels into width() * height() * 3 bytes: R G B, with the high byte of 16-bit
  /// samples. Alpha is dropped. Like Pillow, it ignores checksums from here on, so that a damaged
  /// image is shown with a flaw instead of not at all.
  bool read_pixels(std::span<std::uint8_t> rgb) noexcept;
  /// Reads the rest of the file to check that it is complete.
  bool read_rest() noexcept;

  std::int64_t width() const { return png_get_image_width(png_, info_); }
  std::int64_t height() const { return png_get_image_height(png_, info_); }
  /// Size of the pixels as the file stores them, before deflate.
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
  /// Bytes of the file that libpng may still ask for.
  std::size_t bytes_allowed_;
  std::string_view problem_;
};

}  // namespace samoyed::worker
