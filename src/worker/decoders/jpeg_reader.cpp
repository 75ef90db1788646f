#include "worker/decoders/jpeg_reader.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <type_traits>
// Must follow jpeglib.h.
#include <jerror.h>

namespace samoyed::worker {

namespace {

/// Number of rows to request in one call. The library gives at most the rows of one row of blocks.
constexpr int rows_per_call = 16;

void say_nothing(j_common_ptr) {}

void do_nothing(j_decompress_ptr) {}

/// How many bytes of the file libjpeg gets at a time. The CPU time is checked in between, because
/// libjpeg skips rows without calling its progress monitor. A piece takes 20 ms at most (a million
/// blocks of two bits each). Smaller pieces would cost time: libjpeg-turbo decodes the last 3 KB of
/// each by slower code.
constexpr std::size_t piece_bytes = std::size_t{256} << 10;

/// Stands for the end of a truncated file, so that libjpeg fills what is missing.
constexpr std::array<JOCTET, 2> end_of_image{0xFF, JPEG_EOI};

}  // namespace

void JpegReader::go_home(j_common_ptr info) {
  static_assert(std::is_standard_layout_v<ErrorTrap>,
                "a pointer to `base` must be a pointer to the whole object");
  std::longjmp(reinterpret_cast<ErrorTrap*>(info->err)->home, 1);
}

/// libjpeg's progress monitor, which it calls before it reads a row of blocks or gives rows.
void JpegReader::spend_rows(j_common_ptr info) {
  const auto width = reinterpret_cast<j_decompress_ptr>(info)->image_width;
  if (!reader_of(info).budget_.spend(std::size_t{width} * DCTSIZE)) go_home(info);
}

/// libjpeg calls this when it has used all bytes so far. At the end of the file, returning FALSE
/// makes libjpeg suspend. Pillow detects truncation in the same way.
boolean JpegReader::give_bytes(j_decompress_ptr info) {
  JpegReader& reader = reader_of(reinterpret_cast<j_common_ptr>(info));
  const Bytes rest = reader.file_.subspan(reader.given_);
  if (rest.empty()) {
    if (!reader.accept_truncated_ || reader.in_header_) return FALSE;
    reader.truncated_ = true;
    info->src->next_input_byte = end_of_image.data();
    info->src->bytes_in_buffer = end_of_image.size();
    return TRUE;
  }
  const std::size_t count = std::min(rest.size(), piece_bytes);
  if (!reader.budget_.spend(count)) go_home(reinterpret_cast<j_common_ptr>(info));
  info->src->next_input_byte = reinterpret_cast<const JOCTET*>(rest.data());
  info->src->bytes_in_buffer = count;
  reader.given_ += count;
  return TRUE;
}

void JpegReader::skip_bytes(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  JpegReader& reader = reader_of(reinterpret_cast<j_common_ptr>(info));
  const auto wanted = static_cast<std::size_t>(count);
  const std::size_t here = std::min(wanted, info->src->bytes_in_buffer);
  info->src->next_input_byte += here;
  info->src->bytes_in_buffer -= here;
  reader.given_ += std::min(wanted - here, reader.file_.size() - reader.given_);
}

/// libjpeg calls this after the marker of an APP1 segment. It keeps no copy of the segment, because
/// the bytes are in memory anyway.
boolean JpegReader::note_app1(j_decompress_ptr info) {
  JpegReader& reader = reader_of(reinterpret_cast<j_common_ptr>(info));
  const Bytes rest = reader.file_.subspan(reader.given_ - info->src->bytes_in_buffer);
  if (rest.size() < 2) return FALSE;
  const std::size_t length = std::max<std::size_t>(read_u16be(rest, 0), 2);  // counts itself
  if (rest.size() < length) return FALSE;
  const Bytes segment = rest.subspan(2, length - 2);
  if (reader.in_header_ && reader.exif_.empty() &&
      has_text(segment, 0, std::string_view("Exif\0", 5))) {
    reader.exif_ = segment;
  }
  skip_bytes(info, static_cast<long>(length));
  return TRUE;
}

void JpegReader::connect() {
  info_.client_data = this;
  progress_.progress_monitor = spend_rows;
  info_.progress = &progress_;
  source_.init_source = do_nothing;
  source_.fill_input_buffer = give_bytes;
  source_.skip_input_data = skip_bytes;
  source_.resync_to_restart = jpeg_resync_to_restart;
  source_.term_source = do_nothing;
  info_.src = &source_;
  jpeg_set_marker_processor(&info_, JPEG_APP0 + 1, note_app1);
}

JpegReader::Step JpegReader::read_header() noexcept {
  info_.err = jpeg_std_error(&trap_.base);
  trap_.base.error_exit = go_home;
  trap_.base.output_message = say_nothing;
  if (setjmp(trap_.home) != 0) return Step::failed;

  jpeg_create_decompress(&info_);
  connect();
  int found = JPEG_HEADER_TABLES_ONLY;
  while (found == JPEG_HEADER_TABLES_ONLY) found = jpeg_read_header(&info_, FALSE);
  in_header_ = false;
  return found == JPEG_HEADER_OK ? Step::done : Step::truncated;
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
  // The function returns the count, whether or not the rows were there. If they were not, the next
  // read would fail too, but only because of what libjpeg does after a skip that fell short.
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

/// libjpeg numbers the places where it gives up for lack of memory. At 0, 2 and 4 an allocation
/// failed. At the others, an image asks for more than libjpeg ever allocates.
bool JpegReader::out_of_memory() const {
  const int place = trap_.base.msg_parm.i[0];
  return trap_.base.msg_code == JERR_OUT_OF_MEMORY && (place == 0 || place == 2 || place == 4);
}

}  // namespace samoyed::worker
