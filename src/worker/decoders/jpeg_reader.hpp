#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // must precede jpeglib.h
#include <jpeglib.h>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/image/byte_order.hpp"
#include "worker/image/image.hpp"

namespace samoyed::worker {

/// One decompression by libjpeg-turbo, from the file in memory to rows of pixels. Call the steps in
/// the order of their declaration. After a step that doesn't return `done`, call only the const
/// functions.
///
/// libjpeg reports errors by longjmp, which must not skip destructors. So each step sets its own
/// jump target and has no objects with destructors in its frame. Not thread-safe: use
/// from one thread at a time.
class JpegReader {
 public:
  /// How a step of the library ended.
  enum class Step { done, truncated, failed };

  /// With `accept_truncated`, a file that ends after its header goes on with gray, and
  /// is_truncated() says so.
  JpegReader(Bytes file, CpuBudget& budget, bool accept_truncated)
      : file_(file), budget_(budget), accept_truncated_(accept_truncated) {}
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Reads everything before the first scan. Like Pillow, it goes on after an empty JPEG.
  Step read_header() noexcept;
  /// Starts decompression. Reads all scans of a progressive file into memory, at most
  /// `memory_bytes_max` bytes. The image will have 1 / `reduction` (1, 2, 4 or 8) of its width and
  /// height, rounded up.
  Step start(int reduction, std::size_t memory_bytes_max) noexcept;
  /// Limits the rows that follow to the columns of the region, which must lie in output_size().
  /// Moves its left edge outward to where the library can begin.
  Step crop(Region& region) noexcept;
  Step skip_rows(int count) noexcept;
  /// Reads at most `count` rows of `row_bytes` each (the cropped width times row_channels()), one
  /// after the other. Sets `count` to the number of rows that the library gave, at least 1.
  Step read_rows(std::uint8_t* rows, std::size_t row_bytes, int& count) noexcept;
  /// Goes through the rest of the data to check that it is complete. `row` has room for one row.
  Step check_rest(std::uint8_t* row) noexcept;

  std::int64_t width() const { return info_.image_width; }
  std::int64_t height() const { return info_.image_height; }
  int components() const { return info_.num_components; }
  /// 4 for CMYK, otherwise 3: the library expands gray to RGB.
  int row_channels() const { return info_.num_components == 4 ? 4 : 3; }
  /// Size of the whole decoded image, after `start` and before `crop`.
  Size output_size() const {
    return {static_cast<int>(info_.output_width), static_cast<int>(info_.output_height)};
  }
  /// Whether a part of the image has the same pixels if it is decoded alone.
  bool can_crop() const;
  /// The first EXIF block of the header, beginning with `Exif\0`: a view into the file. Empty if
  /// there is none.
  Bytes exif() const { return exif_; }
  bool is_truncated() const { return truncated_; }
  /// True if a step failed because the image takes more than `memory_bytes_max`.
  bool lacked_memory() const;
  /// True if a step failed because this process got no more memory, which isn't the image's fault.
  bool out_of_memory() const;

 private:
  /// libjpeg's error handler and a jump target: libjpeg expects its error function never to return.
  struct ErrorTrap {
    jpeg_error_mgr base;
    std::jmp_buf home;
  };

  static JpegReader& reader_of(j_common_ptr info) {
    return *static_cast<JpegReader*>(info->client_data);
  }
  [[noreturn]] static void go_home(j_common_ptr info);
  static void spend_rows(j_common_ptr info);
  static boolean give_bytes(j_decompress_ptr info);
  static void skip_bytes(j_decompress_ptr info, long count);
  static boolean note_app1(j_decompress_ptr info);
  void connect();

  Bytes file_;
  CpuBudget& budget_;
  bool accept_truncated_;
  jpeg_decompress_struct info_{};
  ErrorTrap trap_{};
  jpeg_progress_mgr progress_{};
  jpeg_source_mgr source_{};
  /// How many bytes of the file libjpeg has been given.
  std::size_t given_ = 0;
  bool in_header_ = true;
  bool truncated_ = false;
  Bytes exif_;
};

}  // namespace samoyed::worker
