#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "worker/decoders/cmyk.hpp"
#include "worker/decoders/decoders.hpp"

namespace samoyed::worker {

namespace {

constexpr std::size_t psd_header_bytes = 26;
constexpr std::size_t psd_palette_bytes = 768;
constexpr unsigned psd_channels_max = 56;

/// The color modes that are read, as the file numbers them.
enum class PsdMode : unsigned {
  bitmap = 0,
  gray = 1,
  indexed = 2,
  rgb = 3,
  cmyk = 4,
  multichannel = 7,
  duotone = 8
};

struct PsdHeader {
  std::size_t channels;
  std::int64_t height;
  std::int64_t width;
  unsigned bits;
  PsdMode mode;

  /// How many channels make the color.
  std::size_t color_channels() const {
    return mode == PsdMode::rgb ? 3 : mode == PsdMode::cmyk ? 4 : 1;
  }
  std::size_t row_bytes() const { return (static_cast<std::size_t>(width) * bits + 7) / 8; }
};

PsdHeader read_psd_header(Bytes file) {
  return {read_u16be(file, 12), read_u32be(file, 14), read_u32be(file, 18), read_u16be(file, 22),
          static_cast<PsdMode>(read_u16be(file, 24))};
}

std::optional<protocol::Refusal> check_psd(const PsdHeader& header, const DecodeLimits& limits) {
  if (auto refusal = check_size(header.width, header.height, limits)) return refusal;
  switch (header.mode) {
    case PsdMode::bitmap:
    case PsdMode::gray:
    case PsdMode::indexed:
    case PsdMode::rgb:
    case PsdMode::cmyk:
    case PsdMode::multichannel:
    case PsdMode::duotone:
      break;
    default:
      return unreadable("The PSD's color mode isn't supported. Save it as RGB.");
  }
  const unsigned bits = header.bits;
  const bool known_bits = header.mode == PsdMode::bitmap ? bits == 1 : bits == 8 || bits == 16;
  if (!known_bits) {
    return unreadable(
        "The PSD's kind of samples isn't supported. Save it with 8 bits per channel.");
  }
  if (header.channels < header.color_channels() || header.channels > psd_channels_max) {
    return unreadable("The PSD is damaged: its number of channels is wrong.");
  }
  return std::nullopt;
}

/// Takes the file apart from the front.
class PsdReader {
 public:
  explicit PsdReader(Bytes rest) : rest_(rest) {}

  /// Takes a section that begins with its length; std::nullopt if it is incomplete.
  std::optional<Bytes> take_section() {
    const auto length = take(4);
    return length ? take(read_u32be(*length, 0)) : std::nullopt;
  }
  std::optional<Bytes> take(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

 private:
  Bytes rest_;
};

/// Unpacks a row of PackBits. Returns false unless it fills `out`.
bool unpack_bits(Bytes packed, std::vector<std::uint8_t>& out) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < packed.size() && at < out.size();) {
    const auto head = std::to_integer<unsigned>(packed[i++]);
    if (head == 128) continue;
    const bool repeats = head > 128;
    const std::size_t count =
        std::min<std::size_t>(repeats ? 257 - head : head + 1, out.size() - at);
    if (packed.size() - i < (repeats ? 1 : count)) return false;
    for (std::size_t j = 0; j < count; ++j) {
      out[at++] = std::to_integer<std::uint8_t>(packed[i + (repeats ? 0 : j)]);
    }
    i += repeats ? 1 : count;
  }
  return at == out.size();
}

/// Gives the rows of the merged image, channel by channel.
class PsdRows {
 public:
  PsdRows(const PsdHeader& header, PsdReader& reader) : header_(header), reader_(reader) {}

  /// Reads the compression and the table of row lengths. Returns false if they can't be read.
  bool open() {
    const auto compression = reader_.take(2);
    if (!compression) return false;
    packed_ = read_u16be(*compression, 0) == 1;
    if (!packed_) return read_u16be(*compression, 0) == 0;
    const auto lengths =
        reader_.take(header_.channels * static_cast<std::size_t>(header_.height) * 2);
    if (lengths) lengths_ = *lengths;
    return lengths.has_value();
  }

  bool read(std::vector<std::uint8_t>& row) {
    const auto bytes = reader_.take(packed_ ? read_u16be(lengths_, 2 * next_++) : row.size());
    if (!bytes) return false;
    if (packed_) return unpack_bits(*bytes, row);
    std::ranges::transform(*bytes, row.begin(),
                           [](std::byte byte) { return std::to_integer<std::uint8_t>(byte); });
    return true;
  }

 private:
  const PsdHeader& header_;
  PsdReader& reader_;
  bool packed_ = false;
  Bytes lengths_ = {};
  std::size_t next_ = 0;
};

/// Returns the high byte of a row's sample, or 0 or 255 for a bit.
std::uint8_t psd_sample(const PsdHeader& header, const std::vector<std::uint8_t>& row,
                        std::size_t x) {
  if (header.bits == 1) return (row[x / 8] >> (7 - x % 8) & 1) != 0 ? 255 : 0;
  return row[x * header.bits / 8];
}

/// Writes a channel of the color to its place in the pixels. The black of CMYK is returned.
bool read_psd_channel(const PsdHeader& header, PsdRows& rows, std::uint8_t* out, std::size_t step) {
  std::vector<std::uint8_t> row(header.row_bytes());
  for (std::int64_t y = 0; y < header.height; ++y) {
    if (!rows.read(row)) return false;
    for (std::size_t x = 0; x < static_cast<std::size_t>(header.width); ++x, out += step) {
      *out = psd_sample(header, row, x);
    }
  }
  return true;
}

/// Turns an image whose first channel is set to the grays or colors of it.
void spread_first_channel(const PsdHeader& header, Bytes palette, Image& image) {
  const bool indexed = header.mode == PsdMode::indexed && palette.size() == psd_palette_bytes;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) {
    const std::size_t value = image.rgb[i];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      image.rgb[i + channel] = indexed
                                   ? std::to_integer<std::uint8_t>(palette[256 * channel + value])
                                   : static_cast<std::uint8_t>(value);
    }
  }
}

/// The file stores inks inverted: 0 is full.
void convert_psd_cmyk(const std::vector<std::uint8_t>& black, Image& image) {
  for (std::size_t i = 0; i < black.size(); ++i) {
    std::uint8_t* const pixel = image.rgb.data() + 3 * i;
    const auto ink = [](std::uint8_t stored) { return static_cast<std::uint8_t>(255 - stored); };
    const std::array<std::uint8_t, 4> cmyk{ink(pixel[0]), ink(pixel[1]), ink(pixel[2]),
                                           ink(black[i])};
    convert_cmyk(cmyk.data(), pixel);
  }
}

bool read_psd_pixels(const PsdHeader& header, PsdRows& rows, Bytes palette, Image& image) {
  const std::size_t colors = std::min<std::size_t>(header.color_channels(), 3);
  for (std::size_t channel = 0; channel < colors; ++channel) {
    if (!read_psd_channel(header, rows, image.rgb.data() + channel, 3)) return false;
  }
  if (colors == 1) spread_first_channel(header, palette, image);
  if (header.mode != PsdMode::cmyk) return true;
  std::vector<std::uint8_t> black(image.rgb.size() / 3);
  if (!read_psd_channel(header, rows, black.data(), 1)) return false;
  convert_psd_cmyk(black, image);
  return true;
}

}  // namespace

RawResult decode_psd(Bytes file, const DecodeLimits& limits) {
  if (file.size() < psd_header_bytes)
    return unreadable("The PSD is incomplete: it ends in its header.");
  const PsdHeader header = read_psd_header(file);
  if (auto refusal = check_psd(header, limits)) return *refusal;
  const std::int64_t need = (header.mode == PsdMode::cmyk ? 4 : 3) * header.width * header.height +
                            static_cast<std::int64_t>(header.row_bytes());
  if (std::cmp_greater(need, limits.memory_bytes_max))
    return too_much_memory(header.width, header.height);

  PsdReader reader(file.subspan(psd_header_bytes));
  const auto palette = reader.take_section();
  const bool sections =
      palette && reader.take_section() && reader.take_section();  // resources, layers
  PsdRows rows(header, reader);
  if (!sections || !rows.open()) {
    return unreadable(
        "The PSD has no merged image that can be read. Save it with 'Maximize compatibility'.");
  }
  // A byte of PackBits gives at most 64 bytes.
  const std::size_t color_bytes =
      header.row_bytes() * static_cast<std::size_t>(header.height) * header.color_channels();
  if (color_bytes / 64 > file.size()) return unreadable("The PSD is incomplete.");
  Image image = make_image(static_cast<int>(header.width), static_cast<int>(header.height));
  if (!read_psd_pixels(header, rows, *palette, image))
    return unreadable("The PSD is damaged or incomplete.");
  return RawImage{std::move(image), {}};
}

}  // namespace samoyed::worker
