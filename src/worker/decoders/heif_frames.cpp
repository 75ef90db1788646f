#include "worker/decoders/heif_frames.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "worker/image/iso_boxes.hpp"

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

/// Reads the fields of a box. After its end all fields are 0, and `ended` is true.
class Fields {
 public:
  explicit Fields(Bytes bytes) : bytes_(bytes) {}

  bool ended() const { return ended_; }

  std::uint64_t read(std::size_t count) {
    if (ended_ || count > bytes_.size() - at_) {
      ended_ = true;
      return 0;
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = value << 8 | std::to_integer<unsigned>(bytes_[at_++]);
    }
    return value;
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// The boxes that say where an image's parts are.
struct MetaBoxes {
  Bytes infos, locations, data;
  /// Whether there is more than one of a kind. Which of them libheif reads isn't checked.
  bool ambiguous = false;
};

MetaBoxes read_meta(Bytes file) {
  MetaBoxes meta;
  const auto keep = [&](Bytes& kept, Bytes content) {
    meta.ambiguous = meta.ambiguous || !kept.empty();
    kept = content;
  };
  while (const auto box = take_iso_box(file)) {
    if (box->type != "meta" || box->content.size() < 4) continue;
    Bytes rest = box->content.subspan(4);
    while (const auto inner = take_iso_box(rest)) {
      if (inner->type == "iinf") keep(meta.infos, inner->content);
      if (inner->type == "iloc") keep(meta.locations, inner->content);
      if (inner->type == "idat") keep(meta.data, inner->content);
    }
  }
  return meta;
}

struct DerivedItem {
  std::uint64_t id = 0;
  bool is_overlay = false;
};

/// The grids and overlays that the item information box (ISO/IEC 14496-12, 8.11.6) lists.
std::vector<DerivedItem> find_derived_items(Bytes infos) {
  std::vector<DerivedItem> items;
  if (infos.size() < 8) return items;
  Bytes rest = infos.subspan(infos[0] == std::byte{0} ? 6 : 8);
  while (const auto box = take_iso_box(rest)) {
    Fields fields(box->content);
    const std::uint64_t version = fields.read(4) >> 24;
    if (box->type != "infe" || version < 2) continue;
    const std::uint64_t id = fields.read(version == 2 ? 2 : 4);
    fields.read(2);
    const std::uint64_t type = fields.read(4);
    constexpr std::uint64_t grid = 0x67726964, overlay = 0x696F766C;
    if (type == grid || type == overlay) items.push_back({id, type == overlay});
  }
  return items;
}

/// Reads the size of the image that a derived item describes.
std::int64_t canvas_pixels(Bytes item, bool is_overlay) {
  Fields fields(item);
  const std::size_t field_bytes = (fields.read(2) & 1) != 0 ? 4 : 2;
  fields.read(is_overlay ? 8 : 2);  // the color behind the parts, or the number of the parts
  const std::uint64_t width = fields.read(field_bytes), height = fields.read(field_bytes);
  // Without overflow. libheif refuses longer sides anyway.
  constexpr std::uint64_t side_max = 1 << 20;
  return static_cast<std::int64_t>(std::min(width, side_max) * std::min(height, side_max));
}

/// Returns the pixels of the largest derived image, by the item location box (8.11.3).
std::optional<std::int64_t> find_largest_canvas(Bytes file) {
  const MetaBoxes meta = read_meta(file);
  const std::vector<DerivedItem> items = find_derived_items(meta.infos);
  if (items.empty()) return 0;
  if (meta.ambiguous) return std::nullopt;
  Fields fields(meta.locations);
  const std::uint64_t version = fields.read(4) >> 24;
  const std::uint64_t sizes = fields.read(2);
  const auto size = [&](unsigned shift) { return static_cast<std::size_t>(sizes >> shift & 15); };
  if (version > 2 || size(12) > 8 || size(8) > 8 || size(4) > 8 || size(0) > 8) return std::nullopt;
  std::int64_t largest = 0;
  std::size_t found = 0;
  for (std::uint64_t left = fields.read(version < 2 ? 2 : 4); left > 0 && !fields.ended(); --left) {
    const std::uint64_t id = fields.read(version < 2 ? 2 : 4);
    const std::uint64_t method = version == 0 ? 0 : fields.read(2) & 15;
    fields.read(2);
    const std::uint64_t base = fields.read(size(4));
    const std::uint64_t extents = fields.read(2);
    std::uint64_t offset = 0, length = 0;
    for (std::uint64_t i = 0; i < extents && !fields.ended(); ++i) {
      if (version > 0) fields.read(size(0));
      offset = base + fields.read(size(12));
      length = fields.read(size(8));
    }
    const auto item = std::ranges::find(items, id, &DerivedItem::id);
    if (item == items.end()) continue;
    const Bytes source = method == 0 ? file : meta.data;
    if (method > 1 || extents != 1 || offset > source.size()) return std::nullopt;
    const Bytes stored = source.subspan(static_cast<std::size_t>(offset));
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(length, stored.size()));
    largest = std::max(largest, canvas_pixels(stored.first(bytes), item->is_overlay));
    ++found;
  }
  if (fields.ended() || found != items.size()) return std::nullopt;
  return largest;
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
