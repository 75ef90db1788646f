#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it before itself
#include <jpeglib.h>

#include "worker/image/byte_order.hpp"
#include "worker/image/image.hpp"

namespace samoyed::worker {

/// One decompression by libjpeg-turbo, from the file in memory to rows of pixels. The steps are
/// taken in the order of their declaration; after one that isn't `done` only the questions may be
/// asked.
///
/// libjpeg reports errors by longjmp, which must not pass over objects with destructors: so each
/// step sets its own jump target and keeps nothing of that kind in its frame.
/// Thread rule: one object, one thread.
class JpegReader {
 public:
  /// Every step of the library that may fail ends in one of these.
  enum class Step { done, truncated, failed };

  explicit JpegReader(Bytes file) : file_(file) {}
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Step read_header(int scans_max) noexcept;
  /// Reads all scans of a progressive file into memory, `memory_bytes_max` at most. The image
  /// will have 1 / `reduction` (1, 2, 4 or 8) of its width and height, rounded up.
  Step start(int reduction, std::size_t memory_bytes_max) noexcept;
  /// From now on rows begin and end with the region, which lies in output_size(). Its left edge is
  /// moved outwards to where the library can begin.
  Step crop(Region& region) noexcept;
  Step skip_rows(int count) noexcept;
  /// The next `count` rows at most, of `row_bytes` each (the cropped width times row_channels()),
  /// one after the other; `count` becomes what the library gave, at least 1.
  Step read_rows(std::uint8_t* rows, std::size_t row_bytes, int& count) noexcept;
  /// Goes through what is left, to see whether it is all there. `row` is room for one row.
  Step check_rest(std::uint8_t* row) noexcept;

  std::int64_t width() const { return info_.image_width; }
  std::int64_t height() const { return info_.image_height; }
  int components() const { return info_.num_components; }
  /// 4 for CMYK, else 3: gray is spread to RGB by the library.
  int row_channels() const { return info_.num_components == 4 ? 4 : 3; }
  /// Of the whole image, once started and before it is cropped.
  Size output_size() const {
    return {static_cast<int>(info_.output_width), static_cast<int>(info_.output_height)};
  }
  /// Whether a part of the image has the same pixels alone as within the whole.
  bool can_crop() const;
  bool has_too_many_scans() const { return scan_limit_.exceeded; }
  bool lacked_memory() const;

 private:
  /// libjpeg's error handler with a way home: libjpeg expects that its error function never
  /// returns.
  struct ErrorTrap {
    jpeg_error_mgr base;
    std::jmp_buf home;
  };

  /// libjpeg's progress monitor, which it calls between the rows of each scan.
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
