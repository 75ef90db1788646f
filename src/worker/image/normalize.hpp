#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "worker/image/crop.hpp"
#include "worker/image/image.hpp"

namespace samoyed::worker {

/// Number of floats in SqueezeNet's input: the planes R, G and B, each of 224 rows of 224.
inline constexpr std::size_t input_floats = std::size_t{3} * input_side_px * input_side_px;

/// The parameters of torchvision's Normalize, for R, G and B on a scale of 0..1. The defaults are
/// ImageNet's mean and standard deviation.
struct Normalization {
  std::array<float, 3> mean{0.485F, 0.456F, 0.406F};
  std::array<float, 3> deviation{0.229F, 0.224F, 0.225F};

  bool operator==(const Normalization&) const = default;
};

/// Computes torchvision's ToTensor and Normalize, in float32 and to the last bit.
///
/// Thread rule: immutable once built.
class Normalizer {
 public:
  /// No deviation may be 0.
  explicit Normalizer(const Normalization& normalization = {});

  /// Converts rows of pixels to the planes R, G and B, each as large as the image.
  void normalize(const Image& image, std::span<float> planes) const;

 private:
  /// The normalized float of each value of one channel.
  using Table = std::array<float, 256>;
  static Table make_table(float mean, float deviation);

  std::array<Table, 3> tables_;
};

}  // namespace samoyed::worker
