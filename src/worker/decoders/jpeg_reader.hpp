#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // must precede jpeglib.h
#include <jpeglib.h>

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

  explicit JpegReader(Bytes file) : file_(file) {}
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Step read_header(int scans_max) noexcept;
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
  bool has_too_many_scans() const { return scan_limit_.exceeded; }
  bool lacked_memory() const;

 private:
  /// libjpeg's error handler and a jump target: libjpeg expects its error function never to return.
  struct ErrorTrap {
    jpeg_error_mgr base;
    std::jmp_buf home;
  };

  /// libjpeg's progress monitor, which libjpeg calls between the rows of each scan.
  struct ScanLimit {
    jpeg_progress_mgr base;
    int scans_max;
    bool exceeded;
  };

  [[noreturn]] static void go_home(j_common_ptr info);
  static void count_scans(j_common_ptr info);

  Bytes file_;
  jpeg_decompress_struct info_{};
  ErrorTrap trap_{};
  ScanLimit scan_limit_{};
  jpeg_source_mgr source_{};
};

}  // namespace samoyed::worker
