#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "worker/decoders/cpu_budget.hpp"
#include "worker/decoders/decoders.hpp"
#include "worker/headers/bmp_header.hpp"

namespace samoyed::worker {

namespace {

using Color = std::array<std::uint8_t, 3>;

/// 256 colors. Those that the file lacks are, as in Pillow 9.4, the gray level of their number.
using Palette = std::array<Color, 256>;

Palette read_palette(Bytes file, const BmpHeader& header) {
  Palette palette{};
  for (std::size_t i = header.palette_colors; i < palette.size(); ++i) {
    palette[i].fill(static_cast<std::uint8_t>(i));
  }
  for (std::size_t i = 0; i < header.palette_colors; ++i) {
    const std::size_t at = header.palette_offset + i * header.palette_color_bytes;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      palette[i][channel] = std::to_integer<std::uint8_t>(file[at + 2 - channel]);
    }
  }
  return palette;
}

/// Takes one channel out of a pixel of 16 or 32 bits.
class Channel {
 public:
  explicit Channel(std::uint32_t mask)
      : mask_(mask), shift_(mask == 0 ? 0 : std::countr_zero(mask)) {
    const std::uint32_t value_max = mask >> shift_;
    // Of a wider channel, only the high eight bits count.
    shift_ += std::max(static_cast<int>(std::bit_width(value_max)) - 8, 0);
    const std::uint32_t index_max = mask >> shift_;
    for (std::uint32_t i = 1; i <= index_max; ++i) {
      levels_[i] = static_cast<std::uint8_t>(i * 255 / index_max);
    }
  }

  std::uint8_t level(std::uint32_t pixel) const { return levels_[(pixel & mask_) >> shift_]; }

 private:
  std::uint32_t mask_;
  int shift_;
  std::array<std::uint8_t, 256> levels_{};
};

/// Turns one stored row into pixels.
class RowPainter {
 public:
  RowPainter(Bytes file, const BmpHeader& header)
      : bits_(header.bits_per_pixel),
        palette_(read_palette(file, header)),
        channels_{Channel(header.masks[0]), Channel(header.masks[1]), Channel(header.masks[2])} {}

  /// `row` contains all pixels of the row. `out` is the row's R G B.
  void paint(Bytes row, std::span<std::uint8_t> out) const {
    switch (bits_) {
      case 16:
        return paint_masked(row, out, 2, [](Bytes bytes, std::size_t at) -> std::uint32_t {
          return read_u16le(bytes, at);
        });
      case 24:
        for (std::size_t at = 0; at < out.size(); at += 3) {
          for (std::size_t channel = 0; channel < 3; ++channel) {
            out[at + channel] = std::to_integer<std::uint8_t>(row[at + 2 - channel]);
          }
        }
        return;
      case 32:
        return paint_masked(row, out, 4, read_u32le);
      default:
        return paint_indices(row, out);
    }
  }

  const Color& color(std::size_t index) const { return palette_[index]; }

 private:
  template <typename Read>
  void paint_masked(Bytes row, std::span<std::uint8_t> out, std::size_t pixel_bytes,
                    Read read) const {
    for (std::size_t x = 0; 3 * x < out.size(); ++x) {
      const std::uint32_t pixel = read(row, x * pixel_bytes);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        out[3 * x + channel] = channels_[channel].level(pixel);
      }
    }
  }

  void paint_indices(Bytes row, std::span<std::uint8_t> out) const {
    const unsigned mask = (1U << bits_) - 1;
    const std::size_t pixels_per_byte = 8 / bits_;
    for (std::size_t x = 0; 3 * x < out.size(); ++x) {
      const auto shift = static_cast<unsigned>(8 - bits_ * (x % pixels_per_byte + 1));
      const auto byte = std::to_integer<unsigned>(row[x / pixels_per_byte]);
      std::ranges::copy(palette_[byte >> shift & mask],
                        out.begin() + static_cast<std::ptrdiff_t>(3 * x));
    }
  }

  unsigned bits_;
  Palette palette_;
  std::array<Channel, 3> channels_;
};

/// How the painting of an image ended.
enum class BmpEnding { complete, truncated, too_slow };

/// The row of the image that the file stores as its `stored`-th.
std::span<std::uint8_t> row_of(Image& image, const BmpHeader& header, std::int64_t stored) {
  const std::int64_t y = header.top_down ? stored : header.height - 1 - stored;
  const std::size_t bytes = static_cast<std::size_t>(image.width) * 3;
  return std::span(image.rgb).subspan(static_cast<std::size_t>(y) * bytes, bytes);
}

/// `pixels` begins with the first stored row.
BmpEnding paint_rows(Bytes pixels, const BmpHeader& header, const RowPainter& painter, Image& image,
                     CpuBudget& budget) {
  for (std::int64_t stored = 0; stored < header.height; ++stored) {
    if (pixels.size() < header.row_used_bytes()) return BmpEnding::truncated;
    painter.paint(pixels, row_of(image, header, stored));
    pixels = pixels.subspan(std::min(header.row_bytes(), pixels.size()));
    if (!budget.spend(static_cast<std::size_t>(header.width))) return BmpEnding::too_slow;
  }
  return BmpEnding::complete;
}

/// Draws run lengths. Like Pillow, it cuts a run at the end of its row, but lets single pixels and
/// jumps go on in the next one.
class RunLengthPainter {
 public:
  RunLengthPainter(Bytes codes, const BmpHeader& header, const RowPainter& painter, Image& image)
      : codes_(codes), header_(header), painter_(painter), image_(image) {}

  BmpEnding paint(CpuBudget& budget) {
    while (stored_ < header_.height) {
      const std::size_t position = at_;
      if (!holds(2)) return BmpEnding::truncated;
      const unsigned count = next();
      const unsigned value = next();
      if (count > 0) {
        draw_run(count, value);
      } else if (value == end_of_row) {
        if (x_ > 0) ++stored_;
        x_ = 0;
        column_ = 0;
      } else if (value == end_of_image) {
        return BmpEnding::complete;
      } else if (value == jump) {
        if (!holds(2)) return BmpEnding::truncated;
        const unsigned right = next();
        const unsigned up = next();
        move_right(right);
        stored_ += up;
        column_ = x_;
      } else if (!draw_single(value)) {
        return BmpEnding::truncated;
      }
      if (!budget.spend(at_ - position + count)) return BmpEnding::too_slow;
    }
    return BmpEnding::complete;
  }

  /// The first row, in the file's order, in which no pixel has been drawn.
  std::int64_t first_missing_row() const { return stored_ + (x_ > 0 ? 1 : 0); }

 private:
  static constexpr unsigned end_of_row = 0;
  static constexpr unsigned end_of_image = 1;
  static constexpr unsigned jump = 2;

  bool holds(std::size_t count) const { return codes_.size() - at_ >= count; }
  unsigned next() { return std::to_integer<unsigned>(codes_[at_++]); }

  void move_right(std::int64_t pixels) {
    stored_ += (x_ + pixels) / header_.width;
    x_ = (x_ + pixels) % header_.width;
  }

  void draw_pixel(unsigned index) {
    if (stored_ < header_.height) {
      const auto row = row_of(image_, header_, stored_);
      std::ranges::copy(painter_.color(index), row.begin() + 3 * x_);
    }
    move_right(1);
  }

  void draw_run(unsigned count, unsigned value) {
    const bool half_bytes = header_.bits_per_pixel == 4;
    const std::int64_t drawn = std::clamp<std::int64_t>(header_.width - column_, 0, count);
    for (std::int64_t i = 0; i < drawn; ++i) {
      draw_pixel(!half_bytes ? value : i % 2 == 0 ? value >> 4 : value & 0xF);
    }
    column_ += drawn;
  }

  /// Draws `count` pixels, each with its own index. Returns false if the file ends before.
  bool draw_single(unsigned count) {
    const bool half_bytes = header_.bits_per_pixel == 4;
    const std::size_t bytes = half_bytes ? (count + 1) / 2 : count;
    if (!holds(bytes)) return false;
    for (unsigned i = 0; i < count; ++i) {
      const auto byte = std::to_integer<unsigned>(codes_[at_ + (half_bytes ? i / 2 : i)]);
      draw_pixel(!half_bytes ? byte : i % 2 == 0 ? byte >> 4 : byte & 0xF);
    }
    column_ += count;
    at_ = std::min(at_ + bytes + bytes % 2, codes_.size());
    return true;
  }

  Bytes codes_;
  const BmpHeader& header_;
  const RowPainter& painter_;
  Image& image_;
  std::size_t at_ = 0;
  std::int64_t x_ = 0;
  std::int64_t stored_ = 0;  ///< Number of the row, as the file stores them.
  /// How many pixels the codes since the last end of a row have given. Unlike x_, it doesn't begin
  /// again when pixels go on in the next row.
  std::int64_t column_ = 0;
};

/// Refuses an image whose rows the file can't contain, before memory is spent on it. Two bytes of
/// run lengths give at most 255 pixels, and four jump over any number of them.
std::optional<protocol::Refusal> check(const BmpHeader& header, Bytes file,
                                       const DecodeLimits& limits, const DecodeOptions& options) {
  if (auto refusal = check_size(header.width, header.height, limits)) return refusal;
  const auto rows = static_cast<std::size_t>(header.height);
  const bool fits = header.layout == BmpLayout::run_lengths
                        ? header.pixels_offset < file.size()
                        : header.pixels_offset <= file.size() &&
                              file.size() - header.pixels_offset >=
                                  (options.accept_truncated
                                       ? header.row_used_bytes()
                                       : header.row_bytes() * (rows - 1) + header.row_used_bytes());
  if (!fits) return unreadable("The BMP is incomplete.");
  return std::nullopt;
}

}  // namespace

RawResult decode_bmp(Bytes file, const DecodeLimits& limits, const DecodeOptions& options) {
  CpuBudget budget(limits.cpu_max);
  const auto parsed = parse_bmp_header(file);
  if (const auto* const problem = std::get_if<std::string_view>(&parsed)) {
    return unreadable(std::string(*problem));
  }
  const auto& header = std::get<BmpHeader>(parsed);
  if (auto refusal = check(header, file, limits, options)) return *refusal;

  const RowPainter painter(file, header);
  const Bytes pixels = file.subspan(header.pixels_offset);
  Image image = make_image(static_cast<int>(header.width), static_cast<int>(header.height));
  BmpEnding ending = BmpEnding::complete;
  if (header.layout == BmpLayout::rows) {
    if (options.accept_truncated) std::ranges::fill(image.rgb, gray_level);
    ending = paint_rows(pixels, header, painter, image, budget);
  } else {
    // Pixels that the run lengths leave out have the first color.
    for (std::size_t at = 0; at < image.rgb.size(); at += 3) {
      std::ranges::copy(painter.color(0), image.rgb.begin() + static_cast<std::ptrdiff_t>(at));
    }
    RunLengthPainter run_lengths(pixels, header, painter, image);
    ending = run_lengths.paint(budget);
    if (ending == BmpEnding::truncated) {
      for (auto row = run_lengths.first_missing_row(); row < header.height; ++row) {
        std::ranges::fill(row_of(image, header, row), gray_level);
      }
    }
  }
  if (ending == BmpEnding::too_slow) return too_slow(limits);
  if (ending == BmpEnding::truncated && !options.accept_truncated) {
    return unreadable("The BMP is incomplete.");
  }
  return RawImage{.image = std::move(image), .truncated = ending == BmpEnding::truncated};
}

}  // namespace samoyed::worker
