#pragma once

#include <algorithm>
#include <optional>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// A box of an ISO media file (ISO/IEC 14496-12, 4.2), such as HEIF and JP2 files consist of.
struct IsoBox {
  std::string_view type;
  /// Cut at the end of the bytes that contain the box.
  Bytes content;
};

/// Takes the first box from `rest`. Returns `std::nullopt` if no box begins there. Pure; any bytes
/// are allowed. The result points into `rest`.
inline std::optional<IsoBox> take_iso_box(Bytes& rest) {
  if (rest.size() < 8) return std::nullopt;
  std::size_t head = 8;
  std::uint64_t size = read_u32be(rest, 0);
  const std::string_view type(reinterpret_cast<const char*>(rest.data()) + 4, 4);
  if (size == 1) {
    head = 16;
    if (rest.size() < head) return std::nullopt;
    size = std::uint64_t{read_u32be(rest, 8)} << 32 | read_u32be(rest, 12);
  }
  if (size == 0) size = rest.size();
  if (size < head) return std::nullopt;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size()));
  const IsoBox box{type, rest.subspan(head, length - head)};
  rest = rest.subspan(length);
  return box;
}

}  // namespace samoyed::worker
