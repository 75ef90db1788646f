#pragma once

#include <cstdint>
#include <optional>

#include "worker/image/byte_order.hpp"

namespace samoyed::worker {

/// Returns the pixels of the largest image of a HEIC file that is put together from others (`grid`
/// and `iovl`; ISO/IEC 23008-12, 6.6.2); 0 if there is none, and `std::nullopt` if these images are
/// stored in an unusual way. Pure; any bytes are allowed.
std::optional<std::int64_t> find_largest_canvas(Bytes file);

/// Returns false if an image of a HEIC file consists of itself, however indirectly, or of too many
/// others. libheif 1.15 would follow such references until its stack is full. Pure; any bytes are
/// allowed.
bool has_finite_references(Bytes file);

}  // namespace samoyed::worker
