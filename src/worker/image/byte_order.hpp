#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace samoyed::worker {

/// A read-only view of the bytes of a file.
using Bytes = std::span<const std::byte>;

/// These functions read an unsigned integer at `offset`. All of its bytes must lie inside `bytes`;
/// the caller checks that.
inline std::uint16_t read_u16le(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[offset]) |
                                    std::to_integer<unsigned>(bytes[offset + 1]) << 8);
}

inline std::uint16_t read_u16be(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[offset]) << 8 |
                                    std::to_integer<unsigned>(bytes[offset + 1]));
}

inline std::uint32_t read_u32le(Bytes bytes, std::size_t offset) {
  return read_u16le(bytes, offset) | std::uint32_t{read_u16le(bytes, offset + 2)} << 16;
}

inline std::uint32_t read_u32be(Bytes bytes, std::size_t offset) {
  return std::uint32_t{read_u16be(bytes, offset)} << 16 | read_u16be(bytes, offset + 2);
}

/// Whether `bytes` contains `text` at `offset`. Any offset is allowed.
inline bool has_text(Bytes bytes, std::size_t offset, std::string_view text) {
  if (offset > bytes.size() || bytes.size() - offset < text.size()) return false;
  const auto* const chars = reinterpret_cast<const char*>(bytes.data()) + offset;
  return std::string_view(chars, text.size()) == text;
}

}  // namespace samoyed::worker
