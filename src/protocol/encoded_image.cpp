#include "samoyed/protocol/encoded_image.hpp"

#include <algorithm>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/checksum.hpp"
#include "samoyed/protocol/declared_pixels.hpp"

namespace samoyed::protocol {
namespace {

/// How many bytes are encoded and checksummed at a time, so that the text is still in the L1 cache
/// for the checksum. A multiple of three.
constexpr std::size_t piece_bytes = std::size_t{12} << 10;

}  // namespace

EncodedImage::EncodedImage(std::span<const std::byte> image_file)
    : file_bytes_(image_file.size()),
      format_(
          find_image_format({reinterpret_cast<const char*>(image_file.data()), image_file.size()})),
      pixels_(declared_pixels(image_file)),
      message_bytes_(base64_length(image_file.size()) + data_overhead_bytes),
      message_(std::make_unique_for_overwrite<char[]>(message_bytes_)) {
  char* out = message_.get();
  *out++ = data;
  *out++ = ' ';
  Checksum checksum;
  while (!image_file.empty()) {
    const auto piece = image_file.first(std::min(image_file.size(), piece_bytes));
    encode_base64(piece, out);
    const std::size_t text_bytes = base64_length(piece.size());
    checksum.update({out, text_bytes});
    out += text_bytes;
    image_file = image_file.subspan(piece.size());
  }
  *out++ = ' ';
  std::ranges::copy(checksum.text(), out);
}

}  // namespace samoyed::protocol
