#include "worker/decoders/jpeg_reader.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <type_traits>
// Must follow jpeglib.h.
#include <jerror.h>

namespace samoyed::worker {

namespace {

/// Number of rows to request in one call. The library gives at most the rows of one row of blocks.
constexpr int rows_per_call = 16;

void say_nothing(j_common_ptr) {}

void do_nothing(j_decompress_ptr) {}

/// libjpeg calls this when it has used all bytes. They were all there from the start, so the file
/// is truncated. Returning FALSE makes libjpeg suspend. Pillow detects truncation in the same way.
boolean have_no_more(j_decompress_ptr) { return FALSE; }

void skip_bytes(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  const std::size_t skipped = std::min(static_cast<std::size_t>(count), info->src->bytes_in_buffer);
  info->src->next_input_byte += skipped;
  info->src->bytes_in_buffer -= skipped;
}

}  // namespace

void JpegReader::go_home(j_common_ptr info) {
  static_assert(std::is_standard_layout_v<ErrorTrap>,
                "a pointer to `base` must be a pointer to the whole object");
  std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->home, 1);
}

void JpegReader::count_scans(j_common_ptr info) {
  static_assert(std::is_standard_layout_v<ScanLimit>,
                "a pointer to `base` must be a pointer to the whole object");
  auto* const limit = reinterpret_cast<ScanLimit*>(info->progress);
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= limit->scans_max) return;
  limit->exceeded = true;
  go_home(info);
}

JpegReader::Step JpegReader::read_header(int scans_max) noexcept {
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

JpegReader::Step JpegReader::start(int reduction, std::size_t memory_bytes_max) noexcept {
  if (setjmp(trap_.home) != 0) return Step::failed;
  // Pillow doesn't change libjpeg's defaults: the accurate integer DCT and smooth chroma
  // upsampling.
  info_.out_color_space = row_channels() == 4 ? JCS_CMYK : JCS_RGB;
  info_.scale_num = 1;
  info_.scale_denom = static_cast<unsigned>(reduction);
  info_.mem->max_memory_to_use = static_cast<long>(memory_bytes_max);
  return jpeg_start_decompress(&info_) ? Step::done : Step::truncated;
}

/// Returns false for a reduced image with unusual sampling, because libjpeg-turbo 2.1.5 crops it
/// wrongly. Also returns false for a progressive file whose last scans are missing: the library
/// smooths such a file across blocks, and does so differently at the edges of a part than within
/// the whole.
bool JpegReader::can_crop() const {
  if (info_.scale_denom > 1 && (info_.max_h_samp_factor > 2 || info_.max_v_samp_factor > 2)) {
    return false;
  }
  if (info_.progressive_mode == FALSE || info_.coef_bits == nullptr) return true;
  const std::span components(info_.coef_bits, static_cast<std::size_t>(info_.num_components));
  return std::all_of(components.begin(), components.end(), [](const auto& missing_bits) {
    return std::all_of(std::begin(missing_bits), std::end(missing_bits),
                       [](int bits) { return bits == 0; });
  });
}

JpegReader::Step JpegReader::crop(Region& region) noexcept {
  auto left = static_cast<JDIMENSION>(region.left);
  auto width = static_cast<JDIMENSION>(region.width);
  if (setjmp(trap_.home) != 0) return Step::failed;
  jpeg_crop_scanline(&info_, &left, &width);
  region.left = static_cast<int>(left);
  region.width = static_cast<int>(width);
  return Step::done;
}

JpegReader::Step JpegReader::skip_rows(int count) noexcept {
  if (count == 0) return Step::done;
  const JDIMENSION target = info_.output_scanline + static_cast<JDIMENSION>(count);
  if (setjmp(trap_.home) != 0) return Step::failed;
  // The function returns the count, whether or not the rows were there.
  jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(count));
  return info_.output_scanline == target ? Step::done : Step::truncated;
}

JpegReader::Step JpegReader::read_rows(std::uint8_t* rows, std::size_t row_bytes,
                                       int& count) noexcept {
  std::array<JSAMPROW, rows_per_call> pointers;
  const auto wanted = std::min(static_cast<std::size_t>(count), pointers.size());
  for (std::size_t i = 0; i < wanted; ++i) pointers[i] = rows + i * row_bytes;
  if (setjmp(trap_.home) != 0) return Step::failed;
  count = static_cast<int>(
      jpeg_read_scanlines(&info_, pointers.data(), static_cast<JDIMENSION>(wanted)));
  return count > 0 ? Step::done : Step::truncated;
}

JpegReader::Step JpegReader::check_rest(std::uint8_t* row) noexcept {
  // start() has gone through all scans of a file with several.
  if (jpeg_has_multiple_scans(&info_) != FALSE) return Step::done;
  // Skipping to the very end would not look at the rows, so the last one is read.
  const auto rest = static_cast<int>(info_.output_height - info_.output_scanline);
  if (rest == 0) return Step::done;
  const Step skipped = skip_rows(rest - 1);
  if (skipped != Step::done) return skipped;
  int last = 1;
  return read_rows(row, 0, last);
}

/// Data that doesn't fit would go to a temporary file, but libjpeg-turbo is built without those.
bool JpegReader::lacked_memory() const { return trap_.base.msg_code == JERR_NO_BACKING_STORE; }

}  // namespace samoyed::worker
