#include "worker/decoders/png_reader.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <new>

namespace samoyed::worker {

namespace {

/// How many bytes of the file libpng may ask for beyond the last row's size while it reads that
/// row. Some encoders leave a few bytes after the row, and libpng reads 8 KiB ahead. It inflates
/// what it gets, and a megabyte may inflate to a gigabyte.
constexpr std::size_t surplus_bytes_max = std::size_t{16} << 10;

constexpr std::string_view ends_early = "The PNG is incomplete.";
constexpr std::string_view has_surplus =
    "The PNG is damaged: it decompresses to more than its header says.";
constexpr std::string_view color_beyond_palette =
    "The PNG is damaged: a pixel's color is not in the palette.";

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
    Explanation{"Not enough", "The PNG is damaged: its pixel data ends too early."},
    Explanation{"unhandled critical chunk", "The PNG contains a chunk of an unknown kind."},
    Explanation{"", "The PNG is damaged."},
};

void say_nothing(png_structp, png_const_charp) {}

}  // namespace

PngReader::PngReader(Bytes file) : file_(file), bytes_allowed_(file.size()) {
  png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, explain_and_give_up, say_nothing);
  if (png_ == nullptr) throw std::bad_alloc();
  info_ = png_create_info_struct(png_);
  if (info_ == nullptr) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
  png_set_read_fn(png_, this, give_bytes);
}

void PngReader::give_up(std::string_view problem) {
  problem_ = problem;
  png_longjmp(png_, 1);
}

void PngReader::explain_and_give_up(png_structp png, png_const_charp message) {
  const auto* const fitting = std::ranges::find_if(explanations, [&](const Explanation& one) {
    return std::string_view(message).find(one.words) != std::string_view::npos;
  });
  static_cast<PngReader*>(png_get_error_ptr(png))->give_up(fitting->problem);
}

void PngReader::give_bytes(png_structp png, png_bytep out, std::size_t count) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader.file_.size()) reader.give_up(ends_early);
  if (count > reader.bytes_allowed_) reader.give_up(has_surplus);
  std::memcpy(out, reader.file_.data(), count);
  reader.file_ = reader.file_.subspan(count);
  reader.bytes_allowed_ -= count;
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

void PngReader::choose_output() {
  png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  png_set_option(png_, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
  png_set_strip_16(png_);
  png_set_strip_alpha(png_);
  if (has_palette()) {
    png_set_packing(png_);  // One index per byte.
  } else {
    png_set_gray_to_rgb(png_);
  }
}

/// If there is a palette, its indices go to the last third of their row.
void PngReader::read_passes(std::span<std::uint8_t> rgb) {
  const int passes = png_set_interlace_handling(png_);
  const auto rows = static_cast<std::size_t>(height());
  const std::size_t row_bytes = rgb.size() / rows;
  const std::size_t offset = has_palette() ? row_bytes / 3 * 2 : 0;
  const std::size_t last_row_bytes = png_get_rowbytes(png_, info_) + 1;  // with its filter byte
  png_read_update_info(png_, info_);
  for (int pass = 1; pass <= passes; ++pass) {
    for (std::size_t row = 0; row < rows; ++row) {
      const bool is_last = pass == passes && row + 1 == rows;
      if (is_last) bytes_allowed_ = last_row_bytes + surplus_bytes_max;
      png_read_row(png_, rgb.data() + row * row_bytes + offset, nullptr);
    }
  }
  bytes_allowed_ = file_.size();
}

/// Turns indices into colors, in place. A color never overwrites an index that is still to be read.
/// Returns false if an index has no color.
bool PngReader::paint_from_palette(std::span<std::uint8_t> rgb) {
  png_colorp colors = nullptr;
  int count = 0;
  png_get_PLTE(png_, info_, &colors, &count);
  const std::span palette(colors, static_cast<std::size_t>(count));
  const auto columns = static_cast<std::size_t>(width());
  for (; !rgb.empty(); rgb = rgb.subspan(3 * columns)) {
    std::uint8_t* out = rgb.data();
    for (const std::uint8_t index : rgb.subspan(2 * columns, columns)) {
      if (index >= palette.size()) return false;
      const png_color color = palette[index];
      *out++ = color.red;
      *out++ = color.green;
      *out++ = color.blue;
    }
  }
  return true;
}

bool PngReader::read_pixels(std::span<std::uint8_t> rgb) noexcept {
  if (setjmp(png_jmpbuf(png_)) != 0) return false;
  choose_output();
  read_passes(rgb);
  if (has_palette() && !paint_from_palette(rgb)) {
    problem_ = color_beyond_palette;
    return false;
  }
  return true;
}

bool PngReader::read_rest() noexcept {
  if (setjmp(png_jmpbuf(png_)) != 0) return false;
  png_read_end(png_, info_);
  return true;
}

}  // namespace samoyed::worker
