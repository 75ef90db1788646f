#include "worker/image/resize_passes.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <cstring>
#include <immintrin.h>

// Only these functions may use AVX2. The rest of the program must run on any x86-64.
#define SAMOYED_AVX2 __attribute__((target("avx2")))

namespace samoyed::worker {

namespace {

constexpr int rounding_bias = 1 << (resize_precision_bits - 1);

constexpr int pixels_per_block = 4;
constexpr std::size_t block_read_bytes = 16;  // 12 of them belong to the block
constexpr std::size_t rows_per_group = 4;
static_assert(ResizeFilter::weights_step == pixels_per_block);

/// A weight has up to 23 bits, but _mm256_madd_epi16 takes signed 16-bit factors, so it is split
/// into 12 high and 11 low bits.
constexpr int low_bits = 11;

int blocks_of(const Tap& tap) { return (tap.count + pixels_per_block - 1) / pixels_per_block; }

/// Number of bytes from the first byte of a row to the last one that narrow_group reads.
std::size_t read_bytes(const ResizeFilter& filter) {
  int pixels = 0;
  for (int x = 0; x < filter.size(); ++x) {
    const Tap& tap = filter.tap(x);
    const int last_block = tap.first - filter.begin() + (blocks_of(tap) - 1) * pixels_per_block;
    pixels = std::max(pixels, last_block);
  }
  return static_cast<std::size_t>(pixels) * 3 + block_read_bytes;
}

/// Returns four weights as 16-bit words, the high parts before the low parts, in both 128-bit
/// lanes.
SAMOYED_AVX2 inline __m256i split_weights(const std::int32_t* weights) {
  const __m128i whole = _mm_loadu_si128(reinterpret_cast<const __m128i*>(weights));
  const __m128i high = _mm_srli_epi32(whole, low_bits);
  const __m128i low = _mm_and_si128(whole, _mm_set1_epi32((1 << low_bits) - 1));
  return _mm256_broadcastsi128_si256(_mm_packs_epi32(high, low));
}

/// Combines the high and low partial sums and adds the two lanes. The result is red, green, blue
/// and an unused value, not yet rounded.
SAMOYED_AVX2 inline __m128i total(__m256i high, __m256i low) {
  const __m256i sums = _mm256_add_epi32(_mm256_slli_epi32(high, low_bits), low);
  return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

SAMOYED_AVX2 inline __m128i rounded(__m128i sums) {
  return _mm_srli_epi32(_mm_add_epi32(sums, _mm_set1_epi32(rounding_bias)), resize_precision_bits);
}

/// Processes four rows at a time, which share the work on the weights.
SAMOYED_AVX2 void narrow_group(const ResizeFilter& filter, const std::uint8_t* in,
                               std::size_t stride, std::uint8_t* out) {
  const std::size_t out_bytes = static_cast<std::size_t>(filter.size()) * 3;
  // Sorts four pixels by channel: the words of the first two go to one 128-bit lane, those of the
  // other two to the other lane.
  const __m256i by_channel =
      _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7,
                       -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  const __m256i high_parts = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, -1, -1, -1, -1, 4,
                                              5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, -1, -1, -1, -1);
  const __m256i low_parts =
      _mm256_setr_epi8(8, 9, 10, 11, 8, 9, 10, 11, 8, 9, 10, 11, -1, -1, -1, -1, 12, 13, 14, 15, 12,
                       13, 14, 15, 12, 13, 14, 15, -1, -1, -1, -1);

  for (int x = 0; x < filter.size(); ++x, out += 3) {
    const Tap& tap = filter.tap(x);
    const std::int32_t* weights = filter.weights(x);
    const std::uint8_t* pixels = in + std::ptrdiff_t{tap.first - filter.begin()} * 3;
    __m256i high[rows_per_group] = {};
    __m256i low[rows_per_group] = {};
    for (int block = blocks_of(tap); block > 0; --block) {
      const __m256i split = split_weights(weights);
      const __m256i high_weights = _mm256_shuffle_epi8(split, high_parts);
      const __m256i low_weights = _mm256_shuffle_epi8(split, low_parts);
      for (std::size_t row = 0; row < rows_per_group; ++row) {
        const auto* const four = reinterpret_cast<const __m128i*>(pixels + row * stride);
        const __m256i words =
            _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(four)), by_channel);
        high[row] = _mm256_add_epi32(high[row], _mm256_madd_epi16(words, high_weights));
        low[row] = _mm256_add_epi32(low[row], _mm256_madd_epi16(words, low_weights));
      }
      weights += pixels_per_block;
      pixels += 3 * pixels_per_block;
    }

    const __m128i upper =
        _mm_packus_epi32(rounded(total(high[0], low[0])), rounded(total(high[1], low[1])));
    const __m128i lower =
        _mm_packus_epi32(rounded(total(high[2], low[2])), rounded(total(high[3], low[3])));
    alignas(16) std::array<std::uint8_t, 4 * rows_per_group> results;
    _mm_store_si128(reinterpret_cast<__m128i*>(results.data()), _mm_packus_epi16(upper, lower));
    for (std::size_t row = 0; row < rows_per_group; ++row) {
      // The fourth byte belongs to the next pixel, which is written later. The last pixel has no
      // next one.
      std::uint8_t* const pixel = out + row * out_bytes;
      if (x + 1 < filter.size()) {
        std::memcpy(pixel, &results[4 * row], 4);
      } else {
        std::memcpy(pixel, &results[4 * row], 3);
      }
    }
  }
}

void narrow(const ResizeFilter& filter, const PixelRows& rows, std::uint8_t* out) {
  // Reading a block also reads the 4 bytes after it, and the last block may extend past its row. In
  // the last rows those bytes may lie outside the buffer.
  const std::size_t needed = read_bytes(filter);
  const std::size_t out_bytes = static_cast<std::size_t>(filter.size()) * 3;
  std::size_t y = 0;
  while (y + rows_per_group <= rows.count &&
         (y + rows_per_group - 1) * rows.stride + needed <= rows.bytes.size()) {
    narrow_group(filter, rows.bytes.data() + y * rows.stride, rows.stride, out + y * out_bytes);
    y += rows_per_group;
  }
  if (y == rows.count) return;
  const PixelRows rest{rows.bytes.subspan(y * rows.stride), rows.stride, rows.count - y};
  portable_resize_passes().narrow(filter, rest, out + y * out_bytes);
}

constexpr std::size_t column_bytes = 32;

/// Computes 32 bytes of one row of the result from the same bytes of `count` rows.
SAMOYED_AVX2 inline void flatten_block(const std::int32_t* weights, int count,
                                       const std::uint8_t* in, std::size_t stride,
                                       std::uint8_t* out) {
  __m256i sums[4];
  for (__m256i& sum : sums) sum = _mm256_set1_epi32(rounding_bias);
  for (int i = 0; i < count; ++i, in += stride) {
    const __m256i weight = _mm256_set1_epi32(weights[i]);
    for (std::size_t part = 0; part < 4; ++part) {
      const auto* const eight = reinterpret_cast<const __m128i*>(in + 8 * part);
      const __m256i values = _mm256_cvtepu8_epi32(_mm_loadl_epi64(eight));
      sums[part] = _mm256_add_epi32(sums[part], _mm256_mullo_epi32(values, weight));
    }
  }
  for (__m256i& sum : sums) sum = _mm256_srli_epi32(sum, resize_precision_bits);
  const __m256i packed = _mm256_packus_epi16(_mm256_packus_epi32(sums[0], sums[1]),
                                             _mm256_packus_epi32(sums[2], sums[3]));
  // Packing works on each 128-bit lane separately, so the groups of four are in the order
  // 0 2 4 6 1 3 5 7.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(packed, order));
}

SAMOYED_AVX2 void flatten_rows(const ResizeFilter& filter, const PixelRows& rows,
                               std::size_t row_bytes, std::uint8_t* out) {
  for (int y = 0; y < filter.size(); ++y, out += row_bytes) {
    const Tap& tap = filter.tap(y);
    const std::uint8_t* const in =
        rows.bytes.data() + static_cast<std::size_t>(tap.first - filter.begin()) * rows.stride;
    for (std::size_t left = 0; left < row_bytes; left += column_bytes) {
      // The last block may overlap the one before it, where it gives the same results.
      const std::size_t x = std::min(left, row_bytes - column_bytes);
      flatten_block(filter.weights(y), tap.count, in + x, rows.stride, out + x);
    }
  }
}

void flatten(const ResizeFilter& filter, const PixelRows& rows, std::size_t row_bytes,
             std::uint8_t* out) {
  if (row_bytes < column_bytes) {
    portable_resize_passes().flatten(filter, rows, row_bytes, out);
  } else {
    flatten_rows(filter, rows, row_bytes, out);
  }
}

}  // namespace

const ResizePasses* avx2_resize_passes() {
  static constexpr ResizePasses passes{"AVX2", false, narrow, flatten};
  static const bool supported = __builtin_cpu_supports("avx2") != 0;
  return supported ? &passes : nullptr;
}

}  // namespace samoyed::worker

#else

namespace samoyed::worker {

const ResizePasses* avx2_resize_passes() { return nullptr; }

}  // namespace samoyed::worker

#endif
