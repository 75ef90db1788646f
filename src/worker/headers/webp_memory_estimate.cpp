#include "worker/headers/webp_memory_estimate.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace samoyed::worker {
namespace {

// Constants of RFC 9649, section 3.
constexpr unsigned lossless_signature = 0x2F;
constexpr unsigned code_length_max = 15;
constexpr std::size_t literal_symbols = 256;
constexpr std::size_t length_symbols = 24;
constexpr std::size_t distance_symbols = 40;
constexpr unsigned color_cache_bits_max = 11;

/// libwebp also holds groups that no block uses, unless there are more groups than this
/// (ReadHuffmanCodes).
constexpr std::int64_t unused_groups_max = 1000;

enum class Transform : unsigned { predictor, cross_color, subtract_green, color_indexing };

/// Reads bits, the lowest of each byte first. After the end all bits are 0, and `damaged` is true.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}

  unsigned read(unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i) value |= read_bit() << i;
    return value;
  }
  unsigned read_bit() {
    const std::size_t byte = position_ / 8;
    if (byte >= bytes_.size()) {
      damaged_ = true;
      return 0;
    }
    return std::to_integer<unsigned>(bytes_[byte]) >> (position_++ % 8) & 1;
  }

  void mark_damaged() { damaged_ = true; }
  bool damaged() const { return damaged_; }

 private:
  Bytes bytes_;
  std::size_t position_ = 0;
  bool damaged_ = false;
};

/// A canonical prefix code: a complete one, or a single symbol that takes no bits.
class PrefixCode {
 public:
  PrefixCode(const std::vector<unsigned>& lengths, BitReader& bits) {
    for (const unsigned length : lengths) ++counts_[length];
    counts_[0] = 0;
    for (unsigned length = 1; length <= code_length_max; ++length) {
      for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] == length) symbols_.push_back(static_cast<unsigned>(symbol));
      }
    }
    int open = 1;  // Codes of this length that are not used.
    for (unsigned length = 1; length <= code_length_max && open >= 0; ++length) {
      open = 2 * open - static_cast<int>(counts_[length]);
    }
    if (symbols_.empty() || (symbols_.size() > 1 && open != 0)) bits.mark_damaged();
  }

  unsigned read(BitReader& bits) const {
    if (symbols_.size() == 1) return symbols_[0];
    unsigned code = 0;
    unsigned first = 0;
    unsigned index = 0;
    for (unsigned length = 1; length <= code_length_max; ++length) {
      code = 2 * code + bits.read_bit();
      first *= 2;
      if (code - first < counts_[length]) return symbols_[index + code - first];
      index += counts_[length];
      first += counts_[length];
    }
    bits.mark_damaged();
    return 0;
  }

 private:
  std::array<unsigned, code_length_max + 1> counts_{};
  std::vector<unsigned> symbols_;  ///< In the order of their codes.
};

std::vector<unsigned> read_simple_lengths(BitReader& bits, std::size_t symbol_count) {
  std::vector<unsigned> lengths(std::max(symbol_count, literal_symbols));
  const bool two = bits.read(1) != 0;
  const unsigned first_bits = bits.read(1) != 0 ? 8 : 1;
  lengths[bits.read(first_bits)] = 1;
  if (two) lengths[bits.read(8)] = 1;
  lengths.resize(symbol_count);
  return lengths;
}

std::vector<unsigned> read_code_lengths(BitReader& bits, std::size_t symbol_count) {
  constexpr std::array<std::size_t, 19> order{17, 18, 0, 1,  2,  3,  4,  5,  16, 6,
                                              7,  8,  9, 10, 11, 12, 13, 14, 15};
  std::vector<unsigned> code_lengths(order.size());
  const unsigned count = 4 + bits.read(4);
  for (unsigned i = 0; i < count && i < order.size(); ++i) code_lengths[order[i]] = bits.read(3);
  const PrefixCode code(code_lengths, bits);

  std::size_t reads_left = symbol_count;
  if (bits.read(1) != 0) {
    const unsigned number_bits = 2 + 2 * bits.read(3);
    reads_left = 2 + bits.read(number_bits);
    if (reads_left > symbol_count) bits.mark_damaged();
  }
  std::vector<unsigned> lengths(symbol_count);
  unsigned previous = 8;
  for (std::size_t symbol = 0; symbol < symbol_count && reads_left > 0 && !bits.damaged();
       --reads_left) {
    const unsigned word = code.read(bits);
    if (word <= code_length_max) {
      lengths[symbol++] = word;
      if (word != 0) previous = word;
      continue;
    }
    const std::size_t repeats = word == 16   ? 3 + bits.read(2)
                                : word == 17 ? 3 + bits.read(3)
                                             : 11 + bits.read(7);
    if (repeats > symbol_count - symbol) {
      bits.mark_damaged();
      break;
    }
    const auto begin = lengths.begin() + static_cast<std::ptrdiff_t>(symbol);
    std::fill_n(begin, repeats, word == 16 ? previous : 0);
    symbol += repeats;
  }
  return lengths;
}

PrefixCode read_prefix_code(BitReader& bits, std::size_t symbol_count) {
  const bool simple = bits.read(1) != 0;
  return PrefixCode(
      simple ? read_simple_lengths(bits, symbol_count) : read_code_lengths(bits, symbol_count),
      bits);
}

/// Reads the number of entries in the color cache; 0 if there is none.
std::size_t read_color_cache(BitReader& bits) {
  if (bits.read(1) == 0) return 0;
  const unsigned size_bits = bits.read(4);
  if (size_bits < 1 || size_bits > color_cache_bits_max) bits.mark_damaged();
  return std::size_t{1} << size_bits;
}

/// Reads a length or a distance: a symbol and the extra bits that it needs.
std::int64_t read_length(BitReader& bits, unsigned symbol) {
  if (symbol < 4) return symbol + 1;
  const unsigned extra_bits = (symbol - 2) / 2;
  return (std::int64_t{2 + symbol % 2} << extra_bits) + bits.read(extra_bits) + 1;
}

/// Reads an image within the stream to its end. Returns the highest number that a pixel's red (high
/// byte) and green (low byte) form. Copies and the cache only repeat pixels that came as literals.
unsigned read_image(BitReader& bits, std::int64_t pixels) {
  const std::size_t cache_size = read_color_cache(bits);
  if (bits.damaged()) return 0;
  const PrefixCode green(read_prefix_code(bits, literal_symbols + length_symbols + cache_size));
  const PrefixCode red(read_prefix_code(bits, literal_symbols));
  const PrefixCode blue(read_prefix_code(bits, literal_symbols));
  const PrefixCode alpha(read_prefix_code(bits, literal_symbols));
  const PrefixCode distance(read_prefix_code(bits, distance_symbols));
  unsigned highest = 0;
  for (std::int64_t position = 0; position < pixels && !bits.damaged();) {
    const unsigned symbol = green.read(bits);
    if (symbol < literal_symbols) {
      highest = std::max(highest, red.read(bits) << 8 | symbol);
      blue.read(bits);
      alpha.read(bits);
      ++position;
    } else if (symbol < literal_symbols + length_symbols) {
      position += read_length(bits, symbol - static_cast<unsigned>(literal_symbols));
      read_length(bits, distance.read(bits));
    } else {
      ++position;
    }
  }
  return highest;
}

std::int64_t divided_up(std::int64_t size, unsigned bits) {
  return (size + (std::int64_t{1} << bits) - 1) >> bits;
}

/// Reads the transforms. Sets `width` to that of the image that is stored after them.
void read_transforms(BitReader& bits, std::int64_t& width, std::int64_t height) {
  unsigned seen = 0;
  while (!bits.damaged() && bits.read(1) != 0) {
    const unsigned type = bits.read(2);
    if ((seen >> type & 1) != 0) bits.mark_damaged();  // Each may come only once.
    seen |= 1U << type;
    if (bits.damaged()) return;
    switch (static_cast<Transform>(type)) {
      case Transform::predictor:
      case Transform::cross_color: {
        const unsigned block_bits = bits.read(3) + 2;
        read_image(bits, divided_up(width, block_bits) * divided_up(height, block_bits));
        break;
      }
      case Transform::subtract_green:
        break;
      case Transform::color_indexing: {
        const unsigned colors = bits.read(8) + 1;
        read_image(bits, colors);
        const unsigned packed_bits = colors > 16 ? 0 : colors > 4 ? 1 : colors > 2 ? 2 : 3;
        width = divided_up(width, packed_bits);
        break;
      }
    }
  }
}

}  // namespace

std::optional<std::int64_t> count_huffman_groups(Bytes stream) {
  BitReader bits(stream);
  if (bits.read(8) != lossless_signature) return std::nullopt;
  std::int64_t width = bits.read(14) + 1;
  const std::int64_t height = bits.read(14) + 1;
  bits.read(1);  // Whether there is alpha; only a hint.
  if (bits.read(3) != 0) return std::nullopt;
  read_transforms(bits, width, height);
  read_color_cache(bits);
  std::int64_t groups = 1;
  if (!bits.damaged() && bits.read(1) != 0) {
    const unsigned block_bits = bits.read(3) + 2;
    const std::int64_t blocks = divided_up(width, block_bits) * divided_up(height, block_bits);
    groups = std::int64_t{read_image(bits, blocks)} + 1;
    if (groups > unused_groups_max) groups = std::min(groups, blocks);
  }
  if (bits.damaged()) return std::nullopt;
  return groups;
}

}  // namespace samoyed::worker
