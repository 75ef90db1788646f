#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "samoyed/protocol/base64.hpp"
#include "samoyed/protocol/checksum.hpp"
#include "samoyed/protocol/message.hpp"

namespace samoyed::protocol {

/// There is no complete message yet, but the bytes so far may be the beginning of one.
struct NeedMore {};
struct Ack {};
struct Nack {};
/// A data message that ends at its first `SP "-" 4DIGIT`: a size, a hello or a result.
struct TextMessage {
  std::string payload;
  /// True if the checksum is correct.
  bool intact = false;
};
/// A data message whose length was announced.
struct ImageMessage {
  /// The decoded bytes; empty unless `kept` and `valid_base64`.
  std::vector<std::byte> bytes;
  /// True if the checksum is correct.
  bool intact = false;
  /// True if the bytes were kept, which means that the announced length was within the limit.
  bool kept = false;
  bool valid_base64 = false;
};
/// The bytes are not a message, and nothing after them can be read.
struct Malformed {
  std::error_code why;
};
using Message = std::variant<NeedMore, Ack, Nack, TextMessage, ImageMessage, Malformed>;

/// Splits a stream of bytes, which arrives in pieces of any size, into messages.
///
/// Unread bytes stay buffered, so the messages don't depend on how the stream is split. The bytes
/// of an image are not buffered: they are decoded directly from the caller's buffer, unless unread
/// bytes precede the image. Memory: text is limited to `text_bytes_max`. Of an image, only the
/// decoded bytes are kept. They grow as the text arrives, so an announced length alone costs
/// nothing. Not thread-safe: use from one thread.
class MessageReader {
 public:
  explicit MessageReader(std::size_t text_bytes_max) : text_bytes_max_(text_bytes_max) {}

  void append(std::string_view bytes);

  /// Returns the next message of the stream. After the first Malformed, every call returns
  /// Malformed.
  Message next();

  /// Expects the next message to be an image message with a payload of `text_length` base64
  /// characters. If `keep` is false, the checksum is verified and the payload is dropped.
  void begin_image(std::uint64_t text_length, bool keep);

  /// Number of decoded bytes kept of the image being read.
  std::size_t kept_bytes() const { return image_.decoder.byte_count(); }

  /// Drops what was kept of the image being read, as if `begin_image` had been called with `keep`
  /// false.
  void drop_image() {
    image_.keep = false;
    image_.decoder = Base64Decoder();
  }

  /// Drops the next `count` bytes of the stream, including those that haven't arrived yet.
  void skip(std::uint64_t count);

  /// True while a skip waits for more bytes.
  bool skipping() const { return skip_bytes_ > 0; }

  /// Bytes that have arrived and don't belong to a message yet.
  std::string_view unread() const { return std::string_view(buffer_).substr(read_offset_); }

 private:
  struct ImageState {
    std::uint64_t text_length = 0;
    std::uint64_t offset = 0;  ///< Number of bytes of the message read so far.
    std::uint64_t end() const { return text_length + data_overhead_bytes; }
    bool keep = false;
    std::string trailer;  ///< `SP checksum`, as far as it has arrived.
    Checksum checksum;
    Base64Decoder decoder;
  };

  Message next_text();
  Message next_image();
  void consume(std::size_t count);
  std::size_t take_directly(std::string_view bytes);
  std::size_t take_image(std::string_view bytes);
  Message malformed(std::error_code why);

  std::size_t text_bytes_max_;
  std::string buffer_;
  std::size_t read_offset_ = 0;
  std::uint64_t skip_bytes_ = 0;
  std::size_t scanned_ = 0;  ///< Number of bytes of unread() already searched for a text's end.
  bool in_image_ = false;
  ImageState image_;
  std::error_code malformed_;
};

}  // namespace samoyed::protocol
