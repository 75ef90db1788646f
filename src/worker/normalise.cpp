#include "worker/normalise.hpp"

#include <array>
#include <cassert>

namespace samoyed::worker {

namespace {

constexpr std::size_t plane_floats = input_floats / 3;

using Table = std::array<float, 256>;

/// The float for each value of one channel: (value / 255 - mean) / deviation, rounded to float32
/// after each step.
constexpr Table make_table(float mean, float deviation) {
  Table table{};
  for (std::size_t value = 0; value < table.size(); ++value) {
    table[value] = (static_cast<float>(value) / 255.0F - mean) / deviation;
  }
  return table;
}

constexpr std::array<Table, 3> tables{make_table(0.485F, 0.229F), make_table(0.456F, 0.224F),
                                      make_table(0.406F, 0.225F)};

}  // namespace

void normalise(const Image& image, std::span<float, input_floats> planes) {
  assert(image.rgb.size() == input_floats);
  for (std::size_t i = 0; i < plane_floats; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      planes[channel * plane_floats + i] = tables[channel][image.rgb[3 * i + channel]];
    }
  }
}

}  // namespace samoyed::worker
