#include "worker/decoders/png_reader.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>

namespace samoyed::worker {

namespace {

constexpr std::string_view ends_early = "The PNG is incomplete.";
constexpr std::string_view pixels_end_early = "The PNG is damaged: its pixel data ends too early.";

struct Explanation {
  std::string_view words;  ///< A part of libpng's message.
  std::string_view problem;
};

/// The first entry whose words are in the message applies. libpng may change its messages, so the
/// last entry matches all of them.
constexpr std::array explanations{
    Explanation{"CRC error", "The PNG is damaged: the checksum of a header is wrong."},
    Explanation{"issing IHDR", "The PNG is damaged: its header is missing or misplaced."},
    Explanation{"IHDR", "The PNG is damaged: its header is invalid."},
    Explanation{"PLTE", "The PNG is damaged: its palette is missing or invalid."},
    Explanation{"Not enough", pixels_end_early},
    Explanation{"unhandled critical chunk", "The PNG contains a chunk of an unknown kind."},
    Explanation{"", "The PNG is damaged."},
};

void say_nothing(png_structp, png_const_charp) {}

}  // namespace

PngReader::PngReader(Bytes file, CpuBudget& budget) : file_(file), budget_(budget) {
  png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, explain_and_give_up, say_nothing,
                                  this, allocate, release);
  if (png_ == nullptr) throw std::bad_alloc();
  info_ = png_create_info_struct(png_);
  if (info_ == nullptr) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
  png_set_read_fn(png_, this, give_bytes);
}

png_voidp PngReader::allocate(png_structp png, png_alloc_size_t bytes) {
  auto& reader = *static_cast<PngReader*>(png_get_mem_ptr(png));
  void* const memory = std::malloc(bytes);
  const auto unused = std::ranges::find(reader.blocks_, nullptr);
  if (memory == nullptr || unused == reader.blocks_.end()) {
    reader.out_of_memory_ = true;
    std::free(memory);
    return nullptr;
  }
  *unused = memory;
  return memory;
}

/// When libpng 1.6.39 can't replace a palette, it frees the old one twice.
void PngReader::release(png_structp png, png_voidp memory) {
  auto& blocks = static_cast<PngReader*>(png_get_mem_ptr(png))->blocks_;
  const auto block = std::ranges::find(blocks, memory);
  if (memory == nullptr || block == blocks.end()) return;
  *block = nullptr;
  std::free(memory);
}

void PngReader::give_up(std::string_view problem) {
  problem_ = problem;
  png_longjmp(png_, 1);
}

void PngReader::explain_and_give_up(png_structp png, png_const_charp message) {
  const auto* const fitting = std::ranges::find_if(explanations, [&](const Explanation& one) {
    return std::string_view(message).find(one.words) != std::string_view::npos;
  });
  auto& reader = *static_cast<PngReader*>(png_get_error_ptr(png));
  reader.ended_early_ = fitting->problem == pixels_end_early;
  reader.give_up(fitting->problem);
}

void PngReader::give_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  // libpng reads on after the last row, for checksums or for a gigabyte of surplus.
  if (reader.has_all_rows()) reader.give_up({});
  if (!reader.budget_.spend(count)) reader.give_up({});
  if (count > reader.file_.size() - reader.given_) {
    reader.ended_early_ = true;
    reader.give_up(ends_early);
  }
  std::memcpy(out, reader.file_.data() + reader.given_, count);
  reader.follow_chunk({out, count});
  reader.given_ += count;
}

/// If libpng is about to get the header of a chunk, notes where the next one begins. Shortens an
/// IDAT chunk that is longer than the file, because libpng reads blocks of 8 KiB and would not get
/// the last one.
void PngReader::follow_chunk(std::span<png_byte> header) {
  constexpr std::size_t checksum_bytes = 4;
  if (given_ != next_chunk_ || header.size() != chunk_header_bytes) return;
  const std::size_t length = png_get_uint_32(header.data());
  const std::size_t left = file_.size() - given_ - chunk_header_bytes;
  next_chunk_ += chunk_header_bytes + length + checksum_bytes;
  if (length > left && has_text(file_, given_ + 4, "IDAT")) {
    png_save_uint_32(header.data(), static_cast<png_uint_32>(left));
  }
}

/// libpng calls this for each row of each pass, when the row is decoded.
void PngReader::note_row(png_structp png, png_row_infop row, png_bytep) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  ++reader.rows_read_;
  if (!reader.budget_.spend(row->rowbytes)) reader.give_up({});
}

bool PngReader::read_header() noexcept {
  if (setjmp(png_jmpbuf(png_)) != 0) return false;
  // The caller has its own limits, and a better refusal.
  png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  // Skip transparency, and all chunks that libpng knows but an image can do without. So no part of
  // a file takes memory or changes colors.
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  constexpr std::array<png_byte, 5> transparency{'t', 'R', 'N', 'S', 0};
  png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, transparency.data(), 1);
  png_read_info(png_, info_);
  return true;
}

std::size_t PngReader::plain_channels() const {
  if (png_get_bit_depth(png_, info_) != 8) return 0;
  if (png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE) return 0;
  switch (png_get_color_type(png_, info_)) {
    case PNG_COLOR_TYPE_RGB:
      return 3;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4;
    default:
      return 0;
  }
}

/// Adds the colors that the palette lacks: like Pillow 9.4, the gray level of their number.
void PngReader::complete_palette() {
  png_colorp colors = nullptr;
  int count = 0;
  if (png_get_PLTE(png_, info_, &colors, &count) == 0) return;
  if (png_get_color_type(png_, info_) != PNG_COLOR_TYPE_PALETTE) return;
  std::array<png_color, PNG_MAX_PALETTE_LENGTH> palette;
  std::copy_n(colors, count, palette.begin());
  const int colors_max = 1 << png_get_bit_depth(png_, info_);
  for (int i = count; i < colors_max; ++i) {
    const auto level = static_cast<png_byte>(i);
    palette[static_cast<std::size_t>(i)] = {level, level, level};
  }
  png_set_PLTE(png_, info_, palette.data(), colors_max);
}

void PngReader::choose_output() {
  png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_set_option(png_, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
  png_set_strip_16(png_);
  png_set_strip_alpha(png_);
  complete_palette();
  png_set_palette_to_rgb(png_);
  png_set_gray_to_rgb(png_);
  png_set_read_user_transform_fn(png_, note_row);
}

void PngReader::read_passes(std::span<std::uint8_t> rgb) {
  const auto columns = png_get_image_width(png_, info_);
  const auto rows = png_get_image_height(png_, info_);
  const int passes = png_set_interlace_handling(png_);
  if (passes == 1) {
    rows_expected_ = rows;
  } else {
    for (int pass = 0; pass < passes; ++pass) {
      if (PNG_PASS_COLS(columns, pass) > 0) rows_expected_ += PNG_PASS_ROWS(rows, pass);
    }
  }
  png_read_update_info(png_, info_);
  const std::size_t row_bytes = rgb.size() / rows;
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t row = 0; row < rows; ++row) {
      png_read_row(png_, rgb.data() + row * row_bytes, nullptr);
    }
  }
}

/// An error after the last row doesn't matter.
PngReader::Pixels PngReader::read_pixels(std::span<std::uint8_t> rgb) noexcept {
  if (setjmp(png_jmpbuf(png_)) != 0) {
    if (has_all_rows()) return Pixels::complete;
    return ended_early_ && !budget_.is_exceeded() ? Pixels::truncated : Pixels::failed;
  }
  choose_output();
  read_passes(rgb);
  return Pixels::complete;
}

}  // namespace samoyed::worker
