#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "samoyed/protocol/image_formats.hpp"
#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {

/// An image in its wire format. It is encoded once and shared by all attempts to send it. Immutable
/// and never copied.
class EncodedImage {
 public:
  explicit EncodedImage(std::span<const std::byte> image_file);

  /// The whole image message.
  std::string_view message() const { return {message_.get(), message_bytes_}; }
  std::uint64_t text_length() const { return message_bytes_ - data_overhead_bytes; }
  /// Size of the image file.
  std::uint64_t file_bytes() const { return file_bytes_; }
  /// The image file's format; null if it is none of image_formats.
  const ImageFormat* format() const { return format_; }
  /// The number of pixels that the file declares; std::nullopt if that isn't known
  /// (declared_pixels).
  std::optional<std::uint64_t> pixels() const { return pixels_; }

 private:
  std::uint64_t file_bytes_;
  const ImageFormat* format_;
  std::optional<std::uint64_t> pixels_;
  std::size_t message_bytes_;
  std::unique_ptr<char[]> message_;
};

}  // namespace samoyed::protocol
