#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <png.h>
#include <span>
#include <string_view>

#include "worker/decoders/cpu_budget.hpp"
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
  PngReader(Bytes file, CpuBudget& budget);
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Reads everything before the pixels and checks its checksums.
  bool read_header() noexcept;
  /// How the reading of pixels ended: they are all there, the file ends before, or it is damaged
  /// (or the time is used up).
  enum class Pixels { complete, truncated, failed };

  /// Reads the pixels into width() * height() * 3 bytes: R G B, with the high byte of 16-bit
  /// samples. Alpha is dropped. A color that the palette lacks is gray. Leaves pixels that are
  /// missing as they were. Like Pillow, it ignores checksums from here on, and whatever follows the
  /// last pixel, so that a damaged image is shown with a flaw instead of not at all.
  Pixels read_pixels(std::span<std::uint8_t> rgb) noexcept;

  std::int64_t width() const { return png_get_image_width(png_, info_); }
  std::int64_t height() const { return png_get_image_height(png_, info_); }
  /// Size of the pixels as the file stores them, before deflate.
  std::int64_t stored_bytes() const {
    return static_cast<std::int64_t>(png_get_rowbytes(png_, info_)) * height();
  }
  /// 3 or 4 for the usual kind of photograph: 8-bit RGB or RGBA that isn't interlaced. Otherwise 0.
  std::size_t plain_channels() const;
  /// Where the first chunk of pixel data begins in the file, once the header is read.
  std::size_t first_data_chunk() const { return given_ - chunk_header_bytes; }
  /// True if a step failed because this process got no more memory, which isn't the image's fault.
  bool out_of_memory() const { return out_of_memory_; }
  /// Why a step failed, in one sentence.
  std::string_view problem() const { return problem_; }

 private:
  static constexpr std::size_t chunk_header_bytes = 8;

  [[noreturn]] static void explain_and_give_up(png_structp png, png_const_charp message);
  static png_voidp allocate(png_structp png, png_alloc_size_t bytes);
  static void release(png_structp png, png_voidp memory);
  static void give_bytes(png_structp png, png_bytep out, std::size_t count);

  static void note_row(png_structp png, png_row_infop row, png_bytep bytes);

  [[noreturn]] void give_up(std::string_view problem);
  bool has_all_rows() const { return rows_expected_ > 0 && rows_read_ == rows_expected_; }
  void follow_chunk(std::span<png_byte> header);
  void complete_palette();
  void choose_output();
  void read_passes(std::span<std::uint8_t> rgb);

  Bytes file_;
  CpuBudget& budget_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  /// How many bytes of the file libpng has been given, and where the next chunk begins.
  std::size_t given_ = 0;
  std::size_t next_chunk_ = 8;
  /// Rows of all passes. `rows_expected_` is 0 until the pixels are read.
  std::int64_t rows_read_ = 0;
  std::int64_t rows_expected_ = 0;
  bool ended_early_ = false;
  bool out_of_memory_ = false;
  /// What libpng has allocated: about ten blocks at a time.
  std::array<void*, 64> blocks_{};
  std::string_view problem_;
};

}  // namespace samoyed::worker
