#include "worker/decoders/png_data.hpp"

#include <libdeflate.h>
#include <memory>

namespace samoyed::worker {

namespace {

/// Appends the contents of consecutive data chunks. Returns false if the file ends before they do.
bool join_data_chunks(Bytes file, std::size_t first_chunk, std::vector<std::byte>& joined) {
  constexpr std::size_t header_bytes = 8;  // The length and the name of a chunk.
  constexpr std::size_t checksum_bytes = 4;
  std::size_t at = first_chunk;
  while (file.size() >= at + header_bytes && has_text(file, at + 4, "IDAT")) {
    const std::size_t length = read_u32be(file, at);
    at += header_bytes;
    if (file.size() - at < length) return false;
    const Bytes content = file.subspan(at, length);
    joined.insert(joined.end(), content.begin(), content.end());
    at += length + checksum_bytes;
  }
  return true;
}

struct Freer {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};

}  // namespace

std::optional<std::vector<std::uint8_t>> inflate_png_data(Bytes file, std::size_t first_chunk,
                                                          std::size_t size, std::size_t padding,
                                                          std::size_t memory_bytes_max) {
  const std::size_t compressed_bytes_max = file.size() - first_chunk;
  if (size + padding + compressed_bytes_max > memory_bytes_max) return std::nullopt;
  std::vector<std::byte> compressed;
  compressed.reserve(compressed_bytes_max);
  if (!join_data_chunks(file, first_chunk, compressed)) return std::nullopt;
  const std::unique_ptr<libdeflate_decompressor, Freer> inflater(libdeflate_alloc_decompressor());
  if (!inflater) return std::nullopt;
  std::vector<std::uint8_t> data(size + padding);
  const auto result = libdeflate_zlib_decompress(inflater.get(), compressed.data(),
                                                 compressed.size(), data.data(), size, nullptr);
  if (result != LIBDEFLATE_SUCCESS) return std::nullopt;
  return data;
}

}  // namespace samoyed::worker
