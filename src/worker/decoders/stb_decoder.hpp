#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "worker/image/byte_order.hpp"

/// stb_image with a memory budget, for the BMP decoder. Nothing else calls stb_image.
namespace samoyed::worker {

struct StbDeleter {
  void operator()(std::uint8_t* pixels) const;
};

/// What stb_image decoded from a file.
struct StbImage {
  /// Rows of width * 3 bytes; null if it failed.
  std::unique_ptr<std::uint8_t, StbDeleter> pixels;
  int width = 0;
  int height = 0;
};

/// Decodes a BMP file to R G B. stb_image and the result together never hold more than
/// `budget_bytes`. stb_image trusts too much of what it reads (palette indices, truncated rows), so
/// the caller must check the file first.
StbImage decode_with_stb(Bytes file, std::size_t budget_bytes);

}  // namespace samoyed::worker
