#include "samoyed/protocol/encoded_image.hpp"

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/checksum.hpp"

namespace samoyed::protocol {

EncodedImage::EncodedImage(std::span<const std::byte> image_file) : file_bytes_(image_file.size()) {
  message_.reserve(base64_length(image_file.size()) + data_overhead_bytes);
  message_ += data;
  message_ += ' ';
  append_base64(image_file, message_);
  const std::string checksum = checksum_text(std::string_view(message_).substr(2));
  message_ += ' ';
  message_ += checksum;
}

}  // namespace samoyed::protocol
