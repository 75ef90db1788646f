#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/decoders/tiff_reader.hpp"

namespace samoyed::worker {

/// Turns rows of TIFF samples to RGB as Pillow does: 16 and 12 bits keep their high byte, CMYK is
/// converted without a profile, an alpha that the colors were multiplied by is divided out, and all
/// other extra samples are ignored.
class TiffRowConverter {
 public:
  /// `palette` must outlive the converter.
  TiffRowConverter(const TiffLayout& layout, const TiffPalette& palette);

  /// Returns false if the palette that the layout needs is missing.
  bool ready() const;

  /// Writes `columns` pixels to `out`. `row` is the beginning of the row, in the first plane if
  /// there are planes; those of the other planes follow at distances of `plane_bytes`.
  void convert(const std::uint8_t* row, std::size_t plane_bytes, std::size_t columns,
               std::uint8_t* out);

 private:
  void unpack(const std::uint8_t* row, std::size_t count, std::size_t step,
              std::uint8_t* out) const;

  TiffLayout layout_;
  TiffPalette palette_;
  /// One byte for each sample of the row.
  std::vector<std::uint8_t> samples_;
};

}  // namespace samoyed::worker
