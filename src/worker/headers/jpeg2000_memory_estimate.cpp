#include <algorithm>
#include <cstddef>

#include "worker/headers/jpeg2000_layout.hpp"

namespace samoyed::worker {

namespace {

// Markers (ISO/IEC 15444-1, table A.2, and 15444-2).
constexpr unsigned start_of_tile_part = 0xFF90, start_of_data = 0xFF93, end_of_codestream = 0xFFD9;
constexpr unsigned coding_style = 0xFF52, component_coding_style = 0xFF53;
constexpr unsigned transformations[] = {0xFF74, 0xFF75, 0xFF77, 0xFF78};

// What OpenJPEG 2.5 holds, from the sizes of its structures on a 64-bit machine, with malloc's
// overhead.
/// For each tile, and for each component of a tile, from the header on: opj_tcp_t, opj_tile_index_t
/// with 100 markers and the tile-parts of which it doesn't know how many there are; opj_tccp_t.
constexpr std::int64_t bytes_per_tile = 5696 + 56 + 100 * 24 + 10 * 24 + 64;
constexpr std::int64_t bytes_per_tile_component = 1080;
constexpr std::int64_t bytes_per_tile_part = 24;
/// opj_tcd_precinct_t with two trees.
constexpr std::int64_t bytes_per_precinct = 56 + 2 * (32 + 2 * 16) + 16;
/// opj_tcd_cblk_dec_t, its first 10 segments and first chunk, and its nodes in two trees.
constexpr std::int64_t bytes_per_block = 80 + 10 * 24 + 32 + 2 * 2 * 24 + 3 * 16;
/// The most passes of a block in a layer, each of which may begin a segment.
constexpr std::int64_t passes_max = 164;
constexpr std::int64_t bytes_per_segment = 24;
/// A chunk of a block in a layer, and its copy when the list grows.
constexpr std::int64_t bytes_per_chunk = 3 * 16;
/// The most that segments and chunks take for each byte of packet headers: at least 3 bits each.
constexpr std::int64_t bytes_per_header_byte = 8 * bytes_per_segment / 3 + 8 * bytes_per_chunk / 6;
/// Buffers of the wavelet transformation for each pixel of a side, and what doesn't depend on the
/// image.
constexpr std::int64_t bytes_per_side_pixel = 128, fixed_bytes = std::int64_t{256} << 10;

/// What one COD or COC makes OpenJPEG hold for one component of the largest tile.
struct CodingCost {
  std::int64_t structure_bytes = 0;
  /// For each layer. OpenJPEG marks the packets that it has seen.
  std::int64_t packets = 0;
  std::int64_t growth_bytes_per_layer = 0;
};

/// How samples are coded: SPcod or SPcoc (table A.15 to A.21).
struct Coding {
  unsigned levels = 0;
  unsigned block_width_bits = 0;
  unsigned block_height_bits = 0;
  bool has_many_segments = false;
  /// The sizes of precincts, as powers of 2, for each resolution; empty if they are 2^15.
  Bytes precincts;
};

std::optional<Coding> read_coding(Bytes bytes, bool has_precincts) {
  constexpr std::size_t fields = 5;
  constexpr unsigned levels_max = 32, block_bits_max = 10;
  if (bytes.size() < fields) return std::nullopt;
  const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  Coding coding{.levels = at(0),
                .block_width_bits = at(1) + 2,
                .block_height_bits = at(2) + 2,
                // BYPASS and TERMALL.
                .has_many_segments = (at(3) & 5) != 0,
                .precincts = {}};
  if (coding.levels > levels_max || coding.block_width_bits > block_bits_max ||
      coding.block_height_bits > block_bits_max) {
    return std::nullopt;
  }
  if (has_precincts) {
    if (bytes.size() < fields + coding.levels + 1) return std::nullopt;
    coding.precincts = bytes.subspan(fields, coding.levels + 1);
  }
  return coding;
}

/// The most parts of 2^bits that cover `length`, wherever they begin.
std::int64_t parts(std::int64_t length, unsigned bits) { return (length >> bits) + 2; }

CodingCost cost_of(const Coding& coding, std::int64_t width, std::int64_t height) {
  CodingCost cost;
  for (unsigned r = 0; r <= coding.levels; ++r) {
    const std::int64_t w = (width >> (coding.levels - r)) + 1;
    const std::int64_t h = (height >> (coding.levels - r)) + 1;
    const unsigned sizes =
        coding.precincts.empty() ? 0xFF : std::to_integer<unsigned>(coding.precincts[r]);
    const unsigned across_bits = sizes & 15, down_bits = sizes >> 4;
    // All but the lowest resolution have three bands, each of half the size.
    const unsigned half = r == 0 ? 0 : 1;
    const std::int64_t bands = r == 0 ? 1 : 3;
    const auto block_bits = [&](unsigned most, unsigned precinct) {
      return std::min(most, std::max(precinct, half) - half);
    };
    const std::int64_t precincts = parts(w, across_bits) * parts(h, down_bits);
    const std::int64_t blocks = bands *
                                parts(w >> half, block_bits(coding.block_width_bits, across_bits)) *
                                parts(h >> half, block_bits(coding.block_height_bits, down_bits));
    cost.structure_bytes += bands * precincts * bytes_per_precinct + blocks * bytes_per_block;
    // OpenJPEG takes each resolution to have as many precincts as the largest.
    cost.packets = std::max(cost.packets, precincts * (coding.levels + 1));
    cost.growth_bytes_per_layer +=
        blocks *
        (bytes_per_chunk + (coding.has_many_segments ? passes_max * bytes_per_segment : 0));
  }
  return cost;
}

/// The most that any COD or COC so far asks for.
struct Costs {
  CodingCost coding;
  std::int64_t layers = 0;
  std::int64_t part_bytes = 0;

  void add(const CodingCost& other) {
    coding.structure_bytes = std::max(coding.structure_bytes, other.structure_bytes);
    coding.packets = std::max(coding.packets, other.packets);
    coding.growth_bytes_per_layer =
        std::max(coding.growth_bytes_per_layer, other.growth_bytes_per_layer);
  }
};

/// Which parts of a tile the codestream contains.
struct TileParts {
  int seen = 0;
  /// According to the latest part that knows; 0 if none does.
  int expected = 0;
};

/// Reads a codestream from marker to marker.
class Scanner {
 public:
  Scanner(Bytes codestream, const Jpeg2000Layout& layout)
      : bytes_(codestream), layout_(layout), tiles_(static_cast<std::size_t>(layout.tiles())) {
    std::int64_t step_x = 255, step_y = 255;
    for (const Jpeg2000Component& component : layout.components) {
      step_x = std::min(step_x, component.step_x);
      step_y = std::min(step_y, component.step_y);
    }
    tile_width_ = std::min(layout.tile_width, layout.width()) / step_x + 1;
    tile_height_ = std::min(layout.tile_height, layout.height()) / step_y + 1;
  }

  bool scan() {
    at_ = 2;  // behind SOC
    if (!read_segments(start_of_tile_part)) return false;
    while (at_ + 2 <= bytes_.size() && read_u16be(bytes_, at_) == start_of_tile_part) {
      if (!read_tile_part()) return false;
    }
    const bool has_end = at_ + 2 <= bytes_.size() && read_u16be(bytes_, at_) == end_of_codestream;
    return std::ranges::all_of(tiles_, [&](const TileParts& tile) {
      return tile.seen > 0 && (tile.expected == 0 ? has_end : tile.seen >= tile.expected);
    });
  }

  const Costs& costs() const { return costs_; }

 private:
  /// Reads marker segments up to the marker `end`, and stops before it.
  bool read_segments(unsigned end) {
    while (at_ + 4 <= bytes_.size()) {
      const unsigned marker = read_u16be(bytes_, at_);
      if (marker == end) return true;
      const std::size_t length = read_u16be(bytes_, at_ + 2);
      if (marker < 0xFF00 || length < 2 || length > bytes_.size() - at_ - 2) return false;
      if (!read_segment(marker, bytes_.subspan(at_ + 4, length - 2))) return false;
      at_ += 2 + length;
    }
    // Data may be empty at the very end.
    return at_ + 2 <= bytes_.size() && read_u16be(bytes_, at_) == end;
  }

  bool read_segment(unsigned marker, Bytes content) {
    if (std::ranges::find(transformations, marker) != std::end(transformations)) return false;
    std::optional<Coding> coding;
    if (marker == coding_style) {
      if (content.size() < 5) return false;
      costs_.layers = std::max<std::int64_t>(costs_.layers, read_u16be(content, 2));
      coding = read_coding(content.subspan(5), (std::to_integer<unsigned>(content[0]) & 1) != 0);
    } else if (marker == component_coding_style) {
      if (content.size() < 2) return false;
      coding = read_coding(content.subspan(2), (std::to_integer<unsigned>(content[1]) & 1) != 0);
    } else {
      return true;
    }
    if (!coding) return false;
    costs_.add(cost_of(*coding, tile_width_, tile_height_));
    return true;
  }

  /// Reads SOT (annex A.4.2) and the headers behind it, and skips the data.
  bool read_tile_part() {
    constexpr std::size_t segment_bytes = 12;
    const std::size_t start = at_;
    if (bytes_.size() - start < segment_bytes || read_u16be(bytes_, start + 2) != 10) return false;
    const std::size_t tile = read_u16be(bytes_, start + 4);
    std::size_t length = read_u32be(bytes_, start + 6);
    const int count = std::to_integer<int>(bytes_[start + 11]);
    // The last part may leave out its length: it then ends before EOC.
    if (length == 0) length = bytes_.size() - start - 2;
    if (tile >= tiles_.size() || length < segment_bytes + 2 || length > bytes_.size() - start) {
      return false;
    }
    TileParts& parts = tiles_[tile];
    ++parts.seen;
    if (count != 0) parts.expected = count;
    costs_.part_bytes += bytes_per_tile_part * std::max(count, 1);
    at_ += segment_bytes;
    if (!read_segments(start_of_data) || at_ + 2 > start + length) return false;
    at_ = start + length;
    return true;
  }

  Bytes bytes_;
  const Jpeg2000Layout& layout_;
  std::vector<TileParts> tiles_;
  std::int64_t tile_width_ = 0, tile_height_ = 0;
  Costs costs_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::int64_t> jpeg2000_memory_estimate(Bytes codestream,
                                                     const Jpeg2000Layout& layout) {
  Scanner scanner(codestream, layout);
  if (!scanner.scan()) return std::nullopt;
  const Costs& costs = scanner.costs();
  const auto components = static_cast<std::int64_t>(layout.components.size());
  const auto file_bytes = static_cast<std::int64_t>(codestream.size());
  std::int64_t samples = 0;
  for (const Jpeg2000Component& component : layout.components) samples += layout.samples(component);
  // OpenJPEG moves the samples of a tile to the image only if the tile is exactly the image.
  const std::int64_t tile_pixels =
      std::min(layout.tile_width, layout.width()) * std::min(layout.tile_height, layout.height());
  const bool moved = layout.tiles() == 1 && layout.left == 0 && layout.top == 0 &&
                     layout.tile_left == 0 && layout.tile_top == 0 &&
                     layout.tile_width == layout.right && layout.tile_height == layout.bottom;
  const std::int64_t tile_samples = moved ? 0 : std::min(samples, components * tile_pixels);
  const std::int64_t growth =
      std::min(components * costs.coding.growth_bytes_per_layer * costs.layers,
               bytes_per_header_byte * file_bytes);
  return 4 * (samples + tile_samples) +
         layout.tiles() * (bytes_per_tile + bytes_per_tile_component * components) +
         costs.part_bytes + components * costs.coding.structure_bytes + growth +
         2 * components * costs.coding.packets * (costs.layers + 1) + 2 * file_bytes +
         bytes_per_side_pixel * (layout.width() + layout.height()) + fixed_bytes;
}

}  // namespace samoyed::worker
