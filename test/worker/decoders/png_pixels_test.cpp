#include "worker/decoders/png_pixels.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

#include <catch2/catch.hpp>

#include "worker/test_images/image_fixtures.hpp"

namespace samoyed::worker {
namespace {

using Row = std::vector<std::uint8_t>;

constexpr std::size_t filters = 5;

/// What the PNG specification (9.2) adds to a byte, given those to its left, above it and above
/// left.
int prediction(unsigned filter, int left, int above, int above_left) {
  const int estimate = left + above - above_left;
  const int from_left = std::abs(estimate - left);
  const int from_above = std::abs(estimate - above);
  const int from_above_left = std::abs(estimate - above_left);
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) / 2;
    case 4:
      if (from_left <= from_above && from_left <= from_above_left) return left;
      return from_above <= from_above_left ? above : above_left;
    default:
      return 0;
  }
}

/// Filters rows of an image of `channels` channels, the first by filter 0, the next by 1, and so
/// on.
Row filtered(const std::vector<Row>& rows, std::size_t channels) {
  Row result;
  Row prior(rows.front().size());
  for (std::size_t y = 0; y < rows.size(); ++y) {
    const auto filter = static_cast<unsigned>(y % filters);
    result.push_back(static_cast<std::uint8_t>(filter));
    for (std::size_t at = 0; at < prior.size(); ++at) {
      const bool first = at < channels;
      const int predicted = prediction(filter, first ? 0 : rows[y][at - channels], prior[at],
                                       first ? 0 : prior[at - channels]);
      result.push_back(static_cast<std::uint8_t>(rows[y][at] - predicted));
    }
    prior = rows[y];
  }
  result.resize(result.size() + png_filter_padding);
  return result;
}

TEST_CASE("the rows of a PNG are what they were before each filter") {
  const std::size_t channels = GENERATE(3U, 4U);
  const std::size_t width = GENERATE(range(1U, 8U));
  // Differences close to each other, and values at the ends of their range.
  const int spread = GENERATE(3, 256);
  CAPTURE(channels, width, spread);
  test::Noise noise(static_cast<std::uint32_t>(100 * width + channels));
  std::vector<Row> rows(4 * filters, Row(channels * width));
  Row expected;
  for (Row& row : rows) {
    for (std::size_t at = 0; at < row.size(); ++at) {
      row[at] = static_cast<std::uint8_t>(254 + noise.byte() % spread);
      if (at % channels < 3) expected.push_back(row[at]);
    }
  }
  Row rgb(expected.size(), 1);
  REQUIRE(undo_png_filters(filtered(rows, channels), channels, width, rgb));
  CHECK(rgb == expected);
}

TEST_CASE("the first row of a PNG may have any filter: the row above it is black") {
  const auto filter = static_cast<std::uint8_t>(GENERATE(range(0, 5)));
  Row rgb(6);
  REQUIRE(undo_png_filters(Row{filter, 10, 20, 30, 1, 2, 3, 0}, 3, 2, rgb));
  const Row plain{10, 20, 30, 1, 2, 3};
  const Row added{10, 20, 30, 11, 22, 33};
  const Row averaged{10, 20, 30, 6, 12, 18};
  CHECK(rgb == (filter == 3 ? averaged : filter == 1 || filter == 4 ? added : plain));
}

TEST_CASE("a PNG's row with a filter that doesn't exist is not decoded") {
  Row rgb(6);
  CHECK_FALSE(undo_png_filters(Row{5, 1, 2, 3, 4, 5, 6, 0}, 3, 2, rgb));
  Row narrow(6);
  CHECK_FALSE(undo_png_filters(Row{0, 1, 2, 3, 4, 255, 1, 2, 3, 4, 0}, 4, 1, narrow));
}

}  // namespace
}  // namespace samoyed::worker
