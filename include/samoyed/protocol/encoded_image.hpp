#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {

/// An image as it goes over the wire, encoded once and shared by every attempt to send it.
/// Immutable, and never copied.
class EncodedImage {
 public:
  explicit EncodedImage(std::span<const std::byte> image_file);

  /// The whole image message.
  std::string_view message() const { return {message_.get(), message_bytes_}; }
  std::uint64_t text_length() const { return message_bytes_ - data_overhead_bytes; }
  /// Of the image file.
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  std::uint64_t file_bytes_;
  std::size_t message_bytes_;
  std::unique_ptr<char[]> message_;
};

}  // namespace samoyed::protocol
