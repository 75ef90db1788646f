#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {

/// An image as it goes over the wire, encoded once and shared by every attempt to send it.
/// Immutable.
class EncodedImage {
 public:
  explicit EncodedImage(std::span<const std::byte> image_file);

  /// The whole image message.
  std::string_view message() const { return message_; }
  std::uint64_t text_length() const { return message_.size() - data_overhead_bytes; }
  /// Of the image file.
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  std::string message_;
  std::uint64_t file_bytes_;
};

}  // namespace samoyed::protocol
