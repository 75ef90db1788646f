#include "worker/image/shrink.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace samoyed::worker {

namespace {

/// The pixels of a row or column that one pixel of the smaller image covers: `first` and `last`
/// with these weights, and all between them with `whole_weight`. A weight is the covered length, in
/// a unit that makes all weights whole numbers: a pixel of the smaller image is as long as the
/// number of pixels in the larger one.
struct Cover {
  std::size_t first;
  std::size_t last;  ///< Its weight is 0 if it is the same as `first`.
  std::uint32_t first_weight;
  std::uint32_t last_weight;
};

class Scale {
 public:
  Scale(int from_px, int to_px)
      : from_(static_cast<std::size_t>(from_px)), to_(static_cast<std::size_t>(to_px)) {
    assert(to_px >= 1 && to_px <= from_px);
  }

  std::uint32_t whole_weight() const { return static_cast<std::uint32_t>(to_); }
  /// Sum of all weights of a pixel.
  std::uint64_t sum() const { return from_; }

  Cover cover(std::size_t pixel) const {
    const std::size_t begin = pixel * from_;
    const std::size_t end = begin + from_;
    const std::size_t first = begin / to_;
    const std::size_t last = (end - 1) / to_;
    const std::size_t first_end = std::min((first + 1) * to_, end);
    return {first, last, static_cast<std::uint32_t>(first_end - begin),
            last == first ? 0 : static_cast<std::uint32_t>(end - last * to_)};
  }

 private:
  std::size_t from_;
  std::size_t to_;
};

/// Adds four rows at a time, because reading and writing the sums takes most of the time.
void add_rows(const std::uint8_t* rows, std::size_t count, std::span<std::uint32_t> sums) {
  const std::size_t width = sums.size();
  for (; count >= 4; count -= 4, rows += 4 * width) {
    for (std::size_t x = 0; x < width; ++x) {
      const int four = rows[x] + rows[width + x] + rows[2 * width + x] + rows[3 * width + x];
      sums[x] += static_cast<std::uint32_t>(four);
    }
  }
  for (; count > 0; --count, rows += width) {
    for (std::size_t x = 0; x < width; ++x) sums[x] += rows[x];
  }
}

/// Adds up the rows that one row of the smaller image covers, times their weights. A sum is at
/// most 255 times the image's height, so 32 bits can't overflow with up to 16 million rows.
void sum_rows(const Image& image, const Scale& scale, const Cover& cover,
              std::span<std::uint32_t> sums) {
  const std::size_t width = sums.size();
  const std::uint8_t* const first = image.rgb.data() + cover.first * width;
  const std::uint8_t* const last = image.rgb.data() + cover.last * width;
  std::fill(sums.begin(), sums.end(), 0);
  if (cover.last > cover.first) add_rows(first + width, cover.last - cover.first - 1, sums);
  for (std::size_t x = 0; x < width; ++x) {
    sums[x] = sums[x] * scale.whole_weight() + first[x] * cover.first_weight +
              last[x] * cover.last_weight;
  }
}

/// Computes a row of the smaller image from those sums. `area` is the sum of the weights of a
/// pixel.
void shrink_row(std::span<const std::uint32_t> sums, const Scale& scale, std::uint64_t area,
                std::span<std::uint8_t> out) {
  for (std::size_t x = 0; x * 3 < out.size(); ++x) {
    const Cover cover = scale.cover(x);
    std::array<std::uint64_t, 3> color{};
    const auto add = [&](std::size_t pixel, std::uint64_t weight) {
      for (std::size_t i = 0; i < 3; ++i) color[i] += weight * sums[pixel * 3 + i];
    };
    add(cover.first, cover.first_weight);
    for (std::size_t i = cover.first + 1; i < cover.last; ++i) add(i, scale.whole_weight());
    add(cover.last, cover.last_weight);
    for (std::size_t i = 0; i < 3; ++i) {
      out[x * 3 + i] = static_cast<std::uint8_t>((color[i] + area / 2) / area);
    }
  }
}

}  // namespace

Image shrink(const Image& image, Size size) {
  const Scale columns(image.width, size.width);
  const Scale rows(image.height, size.height);
  std::vector<std::uint32_t> sums(static_cast<std::size_t>(image.width) * 3);
  const std::size_t row_bytes = static_cast<std::size_t>(size.width) * 3;
  const auto height = static_cast<std::size_t>(size.height);
  Image small{size.width, size.height, std::vector<std::uint8_t>(row_bytes * height)};
  for (std::size_t y = 0; y < height; ++y) {
    sum_rows(image, rows, rows.cover(y), sums);
    shrink_row(sums, columns, columns.sum() * rows.sum(),
               std::span(small.rgb).subspan(y * row_bytes, row_bytes));
  }
  return small;
}

}  // namespace samoyed::worker
