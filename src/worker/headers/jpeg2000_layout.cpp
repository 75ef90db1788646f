#include "worker/headers/jpeg2000_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "worker/image/iso_boxes.hpp"

namespace samoyed::worker {

namespace {

constexpr std::int64_t coordinate_max = 0x7FFFFFFF;
constexpr std::size_t components_max = 4;
constexpr std::int64_t tiles_max = 65535;

std::int64_t divide_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

unsigned byte_at(Bytes bytes, std::size_t at) { return std::to_integer<unsigned>(bytes[at]); }

std::uint8_t scale_to_byte(unsigned value, unsigned bits) {
  if (bits < 8) return static_cast<std::uint8_t>(value << (8 - bits));
  return static_cast<std::uint8_t>(std::min(value >> (bits - 8), 255U));
}

/// Reads the palette (I.5.3.4) and the mapping of its columns to red, green and blue (I.5.3.5).
/// Returns no colors if they are damaged, or if the colors depend on more than the first component.
std::vector<std::array<std::uint8_t, 3>> read_palette(Bytes palette, Bytes mapping) {
  if (palette.size() < 3 || mapping.size() < 12) return {};
  const std::size_t entries = read_u16be(palette, 0);
  const std::size_t columns = byte_at(palette, 2);
  if (palette.size() < 3 + columns) return {};
  std::vector<std::size_t> offsets(columns + 1);
  for (std::size_t i = 0; i < columns; ++i) {
    const unsigned bits = (byte_at(palette, 3 + i) & 0x7F) + 1;
    if (bits > 16) return {};
    offsets[i + 1] = offsets[i] + (bits > 8 ? 2 : 1);
  }
  const Bytes values = palette.subspan(3 + columns);
  if (values.size() / std::max<std::size_t>(offsets[columns], 1) < entries) return {};
  std::vector<std::array<std::uint8_t, 3>> colors(entries);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const Bytes row = mapping.subspan(4 * channel, 4);
    const std::size_t column = byte_at(row, 3);
    if (read_u16be(row, 0) != 0 || byte_at(row, 2) != 1 || column >= columns) return {};
    const unsigned bits = (byte_at(palette, 3 + column) & 0x7F) + 1;
    for (std::size_t i = 0; i < entries; ++i) {
      const std::size_t at = i * offsets[columns] + offsets[column];
      colors[i][channel] =
          scale_to_byte(bits > 8 ? read_u16be(values, at) : byte_at(values, at), bits);
    }
  }
  return colors;
}

void read_header_boxes(Bytes boxes, Jpeg2000File& file) {
  Bytes palette, mapping;
  while (const auto box = take_iso_box(boxes)) {
    if (box->type == "pclr") palette = box->content;
    if (box->type == "cmap") mapping = box->content;
    // The first specification with a number (method 1) applies.
    if (box->type == "colr" && box->content.size() >= 7 && byte_at(box->content, 0) == 1 &&
        file.color_space == 0) {
      file.color_space = read_u32be(box->content, 3);
    }
  }
  file.palette = read_palette(palette, mapping);
}

}  // namespace

std::int64_t Jpeg2000Layout::tiles_across() const {
  return divide_up(right - tile_left, tile_width);
}

std::int64_t Jpeg2000Layout::tiles() const {
  return tiles_across() * divide_up(bottom - tile_top, tile_height);
}

std::int64_t Jpeg2000Layout::samples(const Jpeg2000Component& component) const {
  return (divide_up(right, component.step_x) - divide_up(left, component.step_x)) *
         (divide_up(bottom, component.step_y) - divide_up(top, component.step_y));
}

std::optional<Jpeg2000File> read_jpeg2000_boxes(Bytes file) {
  constexpr std::string_view codestream_start = "\xFF\x4F\xFF\x51";
  Jpeg2000File result;
  if (has_text(file, 0, codestream_start)) {
    result.codestream = file;
    return result;
  }
  while (const auto box = take_iso_box(file)) {
    if (box->type == "jp2h") read_header_boxes(box->content, result);
    if (box->type == "jp2c") {
      result.codestream = box->content;
      break;
    }
  }
  if (!has_text(result.codestream, 0, codestream_start)) return std::nullopt;
  return result;
}

std::optional<Jpeg2000Layout> read_jpeg2000_layout(Bytes codestream) {
  constexpr std::size_t length_at = 4, fixed_bytes = 38, fields_at = 8, components_at = 42;
  if (codestream.size() < components_at) return std::nullopt;
  const std::size_t length = read_u16be(codestream, length_at);
  const std::size_t count = read_u16be(codestream, components_at - 2);
  if (count == 0 || count > components_max || length != fixed_bytes + 3 * count ||
      codestream.size() < length_at + length) {
    return std::nullopt;
  }
  std::array<std::int64_t, 8> fields{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    fields[i] = read_u32be(codestream, fields_at + 4 * i);
    if (fields[i] > coordinate_max) return std::nullopt;
  }
  Jpeg2000Layout layout{.left = fields[2],
                        .top = fields[3],
                        .right = fields[0],
                        .bottom = fields[1],
                        .tile_left = fields[6],
                        .tile_top = fields[7],
                        .tile_width = fields[4],
                        .tile_height = fields[5],
                        .components = {}};
  if (layout.left >= layout.right || layout.top >= layout.bottom || layout.tile_width == 0 ||
      layout.tile_height == 0 || layout.tile_left > layout.left || layout.tile_top > layout.top ||
      layout.tile_left + layout.tile_width <= layout.left ||
      layout.tile_top + layout.tile_height <= layout.top || layout.tiles() > tiles_max) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = components_at + 3 * i;
    const unsigned precision = byte_at(codestream, at);
    const Jpeg2000Component component{.bits = (precision & 0x7F) + 1,
                                      .is_signed = (precision & 0x80) != 0,
                                      .step_x = byte_at(codestream, at + 1),
                                      .step_y = byte_at(codestream, at + 2)};
    if (component.bits > 31 || component.step_x == 0 || component.step_y == 0 ||
        layout.samples(component) == 0) {
      return std::nullopt;
    }
    layout.components.push_back(component);
  }
  return layout;
}

}  // namespace samoyed::worker
