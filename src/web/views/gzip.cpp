#include "web/views/gzip.hpp"

#include <new>
#include <stdexcept>
#include <utility>
#include <zlib.h>

namespace samoyed::web {
namespace {

/// The largest window, and a gzip header instead of zlib's.
constexpr int window_bits = 15 + 16;
constexpr int memory_level = 8;  // The default.

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string bytes(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  // zlib doesn't write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int end = deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) throw std::logic_error("the compressed text is longer than its bound");
  return bytes;
}

void CompressedText::set(std::string text) {
  if (text == text_ && !compressed_.empty()) return;
  compressed_ = gzip(text);
  text_ = std::move(text);
}

}  // namespace samoyed::web
