#include "worker/image/normalize.hpp"

#include <cassert>

namespace samoyed::worker {

Normalizer::Normalizer(const Normalization& normalization) {
  for (std::size_t channel = 0; channel < tables_.size(); ++channel) {
    tables_[channel] = make_table(normalization.mean[channel], normalization.deviation[channel]);
  }
}

/// (value / 255 - mean) / deviation, rounded to float32 after each step.
Normalizer::Table Normalizer::make_table(float mean, float deviation) {
  Table table{};
  for (std::size_t value = 0; value < table.size(); ++value) {
    table[value] = (static_cast<float>(value) / 255.0F - mean) / deviation;
  }
  return table;
}

void Normalizer::normalize(const Image& image, std::span<float> planes) const {
  assert(image.rgb.size() == planes.size());
  const std::size_t plane_floats = planes.size() / 3;
  for (std::size_t i = 0; i < plane_floats; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      planes[channel * plane_floats + i] = tables_[channel][image.rgb[3 * i + channel]];
    }
  }
}

}  // namespace samoyed::worker
