#include "worker/image/jpeg_writer.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstdio>  // must precede jpeglib.h
#include <jpeglib.h>
#include <type_traits>
// Must follow jpeglib.h.
#include <jerror.h>

namespace samoyed::worker {

namespace {

/// One compression by libjpeg-turbo, into memory of a fixed size.
///
/// libjpeg reports errors by longjmp, which must not skip destructors. So `write` has no objects
/// with destructors in its frame.
class JpegWriter {
 public:
  explicit JpegWriter(std::string& file) : file_(file) {}
  ~JpegWriter() { jpeg_destroy_compress(&info_); }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  /// Returns false if the file would be longer than the memory, or if anything else fails.
  bool write(const Image& image, int quality, JpegKind kind) noexcept;

  /// Length of the file. Call this only after `write`.
  std::size_t written_bytes() const { return file_.size() - destination_.free_in_buffer; }

 private:
  /// libjpeg's error handler and a jump target: libjpeg expects its error function never to return.
  struct ErrorTrap {
    jpeg_error_mgr base;
    std::jmp_buf home;
  };

  [[noreturn]] static void go_home(j_common_ptr info) {
    static_assert(std::is_standard_layout_v<ErrorTrap>,
                  "a pointer to `base` must be a pointer to the whole object");
    std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->home, 1);
  }
  static boolean have_no_more_room(j_compress_ptr info) {
    ERREXIT(info, JERR_BUFFER_SIZE);
    return FALSE;
  }

  std::string& file_;
  jpeg_compress_struct info_{};
  ErrorTrap trap_{};
  jpeg_destination_mgr destination_{};
};

bool JpegWriter::write(const Image& image, int quality, JpegKind kind) noexcept {
  info_.err = jpeg_std_error(&trap_.base);
  trap_.base.error_exit = go_home;
  trap_.base.output_message = [](j_common_ptr) {};
  if (setjmp(trap_.home) != 0) return false;

  jpeg_create_compress(&info_);
  destination_.init_destination = [](j_compress_ptr) {};
  destination_.empty_output_buffer = have_no_more_room;
  destination_.term_destination = [](j_compress_ptr) {};
  destination_.next_output_byte = reinterpret_cast<JOCTET*>(file_.data());
  destination_.free_in_buffer = file_.size();
  info_.dest = &destination_;

  info_.image_width = static_cast<JDIMENSION>(image.width);
  info_.image_height = static_cast<JDIMENSION>(image.height);
  info_.input_components = 3;
  info_.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info_);
  jpeg_set_quality(&info_, quality, TRUE);
  if (kind == JpegKind::progressive) jpeg_simple_progression(&info_);
  jpeg_start_compress(&info_, TRUE);
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  while (info_.next_scanline < info_.image_height) {
    // libjpeg only reads the row, but its API is older than const.
    JSAMPROW row = const_cast<JSAMPROW>(image.rgb.data() + info_.next_scanline * row_bytes);
    jpeg_write_scanlines(&info_, &row, 1);
  }
  jpeg_finish_compress(&info_);
  return true;
}

}  // namespace

std::string write_jpeg(const Image& image, int quality, std::size_t bytes_max, JpegKind kind) {
  std::string file(bytes_max, '\0');
  JpegWriter writer(file);
  if (!writer.write(image, quality, kind)) return {};
  file.resize(writer.written_bytes());
  file.shrink_to_fit();
  return file;
}

}  // namespace samoyed::worker
