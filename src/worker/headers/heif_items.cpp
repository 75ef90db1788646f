#include "worker/headers/heif_items.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "worker/image/iso_boxes.hpp"

namespace samoyed::worker {

namespace {

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

/// The number that a code of four letters is in a file.
constexpr std::uint64_t code(const char (&letters)[5]) {
  std::uint64_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(letters[i]);
  return value;
}

/// The boxes that say where an image's parts are.
struct MetaBoxes {
  Bytes infos, locations, data, references;
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
      if (inner->type == "iref") keep(meta.references, inner->content);
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
    constexpr auto grid = code("grid"), overlay = code("iovl");
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

/// Decoding the image `from` takes decoding the image `to` first.
struct ItemStep {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

/// Reads the item reference box (8.11.12), as libheif does: it ignores the sizes of the boxes in
/// it.
std::vector<ItemStep> read_references(Bytes references) {
  std::vector<ItemStep> steps;
  Fields fields(references);
  const std::size_t id_bytes = fields.read(4) >> 24 == 0 ? 2 : 4;
  while (!fields.ended()) {
    constexpr std::uint64_t size_follows = 1;
    const std::uint64_t size = fields.read(4);
    const std::uint64_t type = fields.read(4);
    if (size == size_follows) fields.read(8);
    const std::uint64_t from = fields.read(id_bytes);
    for (std::uint64_t left = fields.read(2); left > 0 && !fields.ended(); --left) {
      const std::uint64_t to = fields.read(id_bytes);
      if (type == code("dimg")) steps.push_back({from, to});
      if (type == code("auxl")) steps.push_back({to, from});  // An image's alpha names the image.
    }
  }
  return steps;
}

/// Follows the steps, sorted by `from`, like a decoder.
class ItemStepCounter {
 public:
  explicit ItemStepCounter(const std::vector<ItemStep>& steps) : steps_(steps) {}

  /// Returns false if decoding the image takes too many steps, or without end.
  bool follow(std::uint64_t image, int depth = 0) {
    if (depth > nesting_max || ++count_ > steps_max) return false;
    const auto next = std::ranges::equal_range(steps_, image, {}, &ItemStep::from);
    return std::ranges::all_of(next,
                               [&](const ItemStep& step) { return follow(step.to, depth + 1); });
  }

 private:
  static constexpr int nesting_max = 8;
  /// Twice the parts of the largest grid.
  static constexpr std::size_t steps_max = std::size_t{2} * 256 * 256;

  const std::vector<ItemStep>& steps_;
  std::size_t count_ = 0;
};

}  // namespace

// Reads the item location box (8.11.3).
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

bool has_finite_references(Bytes file) {
  const MetaBoxes meta = read_meta(file);
  if (meta.references.empty()) return true;
  if (meta.ambiguous) return false;
  std::vector<ItemStep> steps = read_references(meta.references);
  std::ranges::sort(steps, {}, &ItemStep::from);
  ItemStepCounter counter(steps);
  return std::ranges::all_of(steps,
                             [&](const ItemStep& step) { return counter.follow(step.from); });
}

}  // namespace samoyed::worker
