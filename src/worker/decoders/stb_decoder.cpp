#include "worker/decoders/stb_decoder.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <climits>

namespace {

/// How many bytes stb_image may still allocate on this thread. Its allocations are freed on the
/// thread that made them, within the lifetime of one StbImage.
thread_local std::size_t budget_left_bytes = 0;

/// Precedes each block, and keeps the block aligned for any type.
struct alignas(std::max_align_t) BlockHeader {
  std::size_t bytes;
};

void* allocate_within_budget(std::size_t bytes) {
  if (bytes > budget_left_bytes) return nullptr;
  void* const raw = std::malloc(sizeof(BlockHeader) + bytes);
  if (raw == nullptr) return nullptr;
  budget_left_bytes -= bytes;
  auto* const header = static_cast<BlockHeader*>(raw);
  header->bytes = bytes;
  return header + 1;
}

void free_within_budget(void* block) {
  if (block == nullptr) return;
  auto* const header = static_cast<BlockHeader*>(block) - 1;
  budget_left_bytes += header->bytes;
  std::free(header);
}

void* reallocate_within_budget(void* block, std::size_t bytes) {
  // The old block counts until it is copied, because until then both take memory.
  void* const larger = allocate_within_budget(bytes);
  if (larger == nullptr || block == nullptr) return larger;
  const std::size_t old_bytes = (static_cast<BlockHeader*>(block) - 1)->bytes;
  std::memcpy(larger, block, std::min(old_bytes, bytes));
  free_within_budget(block);
  return larger;
}

}  // namespace

// Only BMP is compiled in. Debian 12 ships stb_image 2.27, whose JPEG, GIF, PIC, PNM and HDR
// readers have open memory-safety bugs (CVE-2021-28021, -37789, -42715, -42716, CVE-2022-28041,
// -28042, -28048, CVE-2023-45661 to -45667 among them), and whose JPEG pixels differ from
// libjpeg-turbo's. decode_bmp.cpp checks files before they come here.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_ASSERT(condition) static_cast<void>(0)
#define STBI_MALLOC(bytes) allocate_within_budget(bytes)
#define STBI_REALLOC(block, bytes) reallocate_within_budget(block, bytes)
#define STBI_FREE(block) free_within_budget(block)
#include <stb_image.h>

namespace samoyed::worker {

void StbDeleter::operator()(std::uint8_t* pixels) const { stbi_image_free(pixels); }

StbImage decode_with_stb(Bytes file, std::size_t budget_bytes) {
  StbImage image;
  if (file.size() > INT_MAX) return image;
  budget_left_bytes = budget_bytes;
  int channels_in_file = 0;
  constexpr int rgb_channels = 3;
  image.pixels.reset(stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                                           static_cast<int>(file.size()), &image.width,
                                           &image.height, &channels_in_file, rgb_channels));
  return image;
}

}  // namespace samoyed::worker
