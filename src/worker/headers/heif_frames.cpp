#include "worker/headers/heif_frames.hpp"

#include <algorithm>
#include <cstddef>

#include "worker/headers/heif_items.hpp"

namespace samoyed::worker {

namespace {

/// Reads the bits of a NAL unit without its emulation prevention bytes. After the end all bits are
/// 0, and `ended` is true.
class NalBits {
 public:
  explicit NalBits(Bytes bytes) : bytes_(bytes) {}

  bool ended() const { return ended_; }

  std::uint64_t read(unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) value = value << 1 | read_bit();
    return value;
  }

  void skip(unsigned count) {
    for (unsigned i = 0; i < count; ++i) read_bit();
  }

  /// An unsigned Exp-Golomb code (9.2).
  std::uint64_t read_unsigned() {
    unsigned zeros = 0;
    while (!ended_ && zeros < 32 && read_bit() == 0) ++zeros;
    return (std::uint64_t{1} << zeros) - 1 + read(zeros);
  }

 private:
  unsigned read_bit() {
    if (bit_ == 0 && !take_byte()) return 0;
    return byte_ >> --bit_ & 1;
  }

  bool take_byte() {
    if (at_ < bytes_.size() && zeros_ >= 2 && std::to_integer<unsigned>(bytes_[at_]) == 3) {
      zeros_ = 0;
      ++at_;
    }
    ended_ = ended_ || at_ >= bytes_.size();
    if (ended_) return false;
    byte_ = std::to_integer<unsigned>(bytes_[at_++]);
    zeros_ = byte_ == 0 ? zeros_ + 1 : 0;
    bit_ = 8;
    return true;
  }

  Bytes bytes_;
  std::size_t at_ = 0;
  unsigned zeros_ = 0;
  unsigned byte_ = 0;
  unsigned bit_ = 0;
  bool ended_ = false;
};

/// profile_tier_level (7.3.3), up to a number of sub-layers.
void skip_profile(NalBits& bits, unsigned sub_layers) {
  constexpr unsigned profile_bits = 88, level_bits = 8;
  bits.skip(profile_bits + level_bits);
  unsigned skipped = 0;
  for (unsigned i = 0; i < sub_layers; ++i) {
    if (bits.read(1) != 0) skipped += profile_bits;
    if (bits.read(1) != 0) skipped += level_bits;
  }
  if (sub_layers > 0) bits.skip(2 * (8 - sub_layers));
  bits.skip(skipped);
}

struct HevcFrame {
  std::int64_t pixels = 0;
  bool is_deep = false;
};

/// Reads a sequence parameter set after its NAL unit header.
std::optional<HevcFrame> read_parameter_set(Bytes bytes) {
  constexpr std::uint64_t chroma_format_max = 3, side_max = 65535, extra_bits_max = 8;
  NalBits bits(bytes);
  bits.skip(4);
  const auto sub_layers = static_cast<unsigned>(bits.read(3));
  bits.skip(1);
  skip_profile(bits, sub_layers);
  bits.read_unsigned();  // the set's id
  const std::uint64_t chroma_format = bits.read_unsigned();
  if (chroma_format == chroma_format_max) bits.skip(1);
  const std::uint64_t width = bits.read_unsigned(), height = bits.read_unsigned();
  if (bits.read(1) != 0) {
    for (int i = 0; i < 4; ++i) bits.read_unsigned();  // the window that is shown
  }
  const std::uint64_t extra_bits = std::max(bits.read_unsigned(), bits.read_unsigned());
  if (bits.ended() || chroma_format > chroma_format_max || width > side_max || height > side_max ||
      extra_bits > extra_bits_max) {
    return std::nullopt;
  }
  return HevcFrame{static_cast<std::int64_t>(width * height), extra_bits > 0};
}

}  // namespace

std::optional<HeifFrames> find_heif_frames(Bytes file) {
  constexpr unsigned parameter_set = 33;
  // No such set needs more, up to the fields that are read.
  constexpr std::size_t set_bytes_max = 256;
  const auto canvas = find_largest_canvas(file);
  if (!canvas) return std::nullopt;
  HeifFrames largest{.canvas_pixels_max = *canvas};
  for (std::size_t at = 0; at + 2 < file.size(); ++at) {
    const auto header = std::to_integer<unsigned>(file[at]);
    const auto layers = std::to_integer<unsigned>(file[at + 1]);
    // nal_unit_header (7.3.1.2): the base layer, of any temporal sub-layer.
    if (header != parameter_set << 1 || layers == 0 || layers > 7) continue;
    const Bytes rest = file.subspan(at + 2);
    const auto frame = read_parameter_set(rest.first(std::min(rest.size(), set_bytes_max)));
    if (!frame) continue;
    std::int64_t& pixels_max = frame->is_deep ? largest.deep_pixels_max : largest.pixels_max;
    pixels_max = std::max(pixels_max, frame->pixels);
  }
  return largest;
}

}  // namespace samoyed::worker
