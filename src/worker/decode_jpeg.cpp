#include <algorithm>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs it before itself
#include <jpeglib.h>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
// After jpeglib.h, which it needs.
#include <jerror.h>

#include "worker/decoders.hpp"
#include "worker/exif.hpp"

namespace samoyed::worker {

namespace {

/// libjpeg's error handler with a way home: libjpeg expects that its error function never returns.
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

// libjpeg hands out pointers to the first members; these casts lead back to the whole.
static_assert(std::is_standard_layout_v<ErrorTrap> && std::is_standard_layout_v<ScanLimit>);

[[noreturn]] void go_home(j_common_ptr info) {
  std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->home, 1);
}

void say_nothing(j_common_ptr) {}

void count_scans(j_common_ptr info) {
  auto* const limit = reinterpret_cast<ScanLimit*>(info->progress);
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= limit->scans_max) return;
  limit->exceeded = true;
  go_home(info);
}

void do_nothing(j_decompress_ptr) {}

/// All bytes were there from the start, so whoever asks for more has a truncated file: libjpeg then
/// suspends. Pillow finds truncation in the same way.
boolean have_no_more(j_decompress_ptr) { return FALSE; }

void skip_bytes(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const std::size_t skipped = std::min(static_cast<std::size_t>(count), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

/// Every step of the library that may fail ends in one of these.
enum class Step { done, truncated, failed };

/// One decompression. libjpeg reports errors by longjmp, which must not pass over objects with
/// destructors: so each step sets its own jump target and keeps nothing of that kind in its frame.
class JpegReader {
 public:
  explicit JpegReader(Bytes file) : file_(file) {}
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Step read_header(int scans_max) noexcept;
  /// Reads all scans of a progressive file into memory, `memory_bytes_max` at most.
  Step start(std::size_t memory_bytes_max) noexcept;
  /// The next row, of width() * row_channels() bytes.
  Step read_row(std::uint8_t* row) noexcept;

  std::int64_t width() const { return info_.image_width; }
  std::int64_t height() const { return info_.image_height; }
  int components() const { return info_.num_components; }
  /// 4 for CMYK, else 3: grey is spread to RGB by the library.
  int row_channels() const { return info_.num_components == 4 ? 4 : 3; }
  bool has_too_many_scans() const { return scan_limit_.exceeded; }
  /// Whether the last failure was that an array did not fit: what did not fit would go to a file,
  /// which libjpeg-turbo is built without.
  bool lacked_memory() const { return trap_.base.msg_code == JERR_NO_BACKING_STORE; }

 private:
  Bytes file_;
  jpeg_decompress_struct info_{};
  ErrorTrap trap_{};
  ScanLimit scan_limit_{};
  jpeg_source_mgr source_{};
};

Step JpegReader::read_header(int scans_max) noexcept {
  info_.err = jpeg_std_error(&trap_.base);
  trap_.base.error_exit = go_home;
  trap_.base.output_message = say_nothing;
  if (setjmp(trap_.home) != 0) return Step::failed;

  jpeg_create_decompress(&info_);
  scan_limit_.base.progress_monitor = count_scans;
  scan_limit_.scans_max = scans_max;
  info_.progress = &scan_limit_.base;

  source_.init_source = do_nothing;
  source_.fill_input_buffer = have_no_more;
  source_.skip_input_data = skip_bytes;
  source_.resync_to_restart = jpeg_resync_to_restart;
  source_.term_source = do_nothing;
  source_.next_input_byte = reinterpret_cast<const JOCTET*>(file_.data());
  source_.bytes_in_buffer = file_.size();
  info_.src = &source_;

  return jpeg_read_header(&info_, TRUE) == JPEG_HEADER_OK ? Step::done : Step::truncated;
}

Step JpegReader::start(std::size_t memory_bytes_max) noexcept {
  if (setjmp(trap_.home) != 0) return Step::failed;
  // The defaults that Pillow leaves as they are: the accurate integer DCT, smooth chroma
  // upsampling.
  info_.out_color_space = row_channels() == 4 ? JCS_CMYK : JCS_RGB;
  info_.mem->max_memory_to_use = static_cast<long>(memory_bytes_max);
  return jpeg_start_decompress(&info_) ? Step::done : Step::truncated;
}

Step JpegReader::read_row(std::uint8_t* row) noexcept {
  if (setjmp(trap_.home) != 0) return Step::failed;
  return jpeg_read_scanlines(&info_, &row, 1) == 1 ? Step::done : Step::truncated;
}

/// a * b / 255, rounded as Pillow does it.
unsigned multiply_255(unsigned a, unsigned b) {
  const unsigned product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// Pillow takes every CMYK JPEG for an inverted one, as Adobe writes them (0 is full ink), and
/// darkens each ink by black: R = white - white * C / 255, where white = 255 - K.
void convert_inverted_cmyk(const std::vector<std::uint8_t>& cmyk, std::uint8_t* rgb) {
  for (std::size_t i = 0; i + 4 <= cmyk.size(); i += 4) {
    const unsigned white = cmyk[i + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      *rgb++ = static_cast<std::uint8_t>(white - multiply_255(255U - cmyk[i + channel], white));
    }
  }
}

protocol::Refusal refusal_for(Step step, const JpegReader& reader, const DecodeLimits& limits) {
  if (step == Step::truncated) return unreadable("The JPEG file ends before its last row.");
  if (reader.has_too_many_scans()) {
    return unreadable("The JPEG file has more than " + std::to_string(limits.jpeg_scans_max) +
                      " scans.");
  }
  if (reader.lacked_memory()) return too_much_memory(reader.width(), reader.height());
  return unreadable("The JPEG file is damaged, or of a kind that is not read.");
}

Step read_rows(JpegReader& reader, Image& image) {
  const auto row_bytes = static_cast<std::size_t>(image.width) * 3;
  std::vector<std::uint8_t> cmyk;
  if (reader.row_channels() == 4) cmyk.resize(static_cast<std::size_t>(image.width) * 4);

  std::uint8_t* row = image.rgb.data();
  for (int y = 0; y < image.height; ++y, row += row_bytes) {
    const Step step = reader.read_row(cmyk.empty() ? row : cmyk.data());
    if (step != Step::done) return step;
    if (!cmyk.empty()) convert_inverted_cmyk(cmyk, row);
  }
  return Step::done;
}

}  // namespace

StoredResult decode_jpeg(Bytes file, const DecodeLimits& limits) {
  JpegReader reader(file);
  Step step = reader.read_header(limits.jpeg_scans_max);
  if (step != Step::done) return refusal_for(step, reader, limits);
  if (auto refusal = check_size(reader.width(), reader.height(), limits)) return *refusal;
  if (reader.components() == 2 || reader.components() > 4) {
    return unreadable("The JPEG file has " + std::to_string(reader.components()) +
                      " colour channels; 1, 3 or 4 are read.");
  }

  // Leave room for the pixels themselves; check_size has seen to it that they fit.
  const auto rgb_bytes = static_cast<std::size_t>(reader.width() * reader.height() * 3);
  step = reader.start(limits.memory_bytes_max - rgb_bytes);
  if (step != Step::done) return refusal_for(step, reader, limits);

  Image image = make_image(static_cast<int>(reader.width()), static_cast<int>(reader.height()));
  step = read_rows(reader, image);
  if (step != Step::done) return refusal_for(step, reader, limits);
  return StoredImage{std::move(image), find_jpeg_exif(file)};
}

}  // namespace samoyed::worker
