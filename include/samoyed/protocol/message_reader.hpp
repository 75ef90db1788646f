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

/// No whole message yet; what came so far may still become one.
struct NeedMore {};
struct Ack {};
struct Nack {};
/// A data message that ends at its first `SP "-" 4DIGIT`: a size, a hello or a result.
struct TextMessage {
  std::string payload;
  /// The checksum is right.
  bool intact = false;
};
/// A data message whose length was announced.
struct ImageMessage {
  /// The decoded bytes; empty unless `kept` and `valid_base64`.
  std::vector<std::byte> bytes;
  /// The checksum is right.
  bool intact = false;
  /// The announced length was within the limit, so the bytes were kept.
  bool kept = false;
  bool valid_base64 = false;
};
/// The bytes can't be a message; nothing after them can be read either.
struct Malformed {
  std::error_code why;
};
using Message = std::variant<NeedMore, Ack, Nack, TextMessage, ImageMessage, Malformed>;

/// Bytes in, messages out: a stream of bytes in pieces of any size becomes the messages in it.
///
/// Unread bytes stay buffered, so every split and every coalescing of a stream gives the same
/// messages. The bytes of an image are not: they are decoded from where they were read to, unless
/// the image begins behind something unread. Memory: text is bounded by `text_bytes_max`; of an
/// image only the decoded bytes are kept, and they grow as the text arrives, so an announced length
/// alone costs nothing. Not thread-safe.
class MessageReader {
 public:
  explicit MessageReader(std::size_t text_bytes_max) : text_bytes_max_(text_bytes_max) {}

  void append(std::string_view bytes);

  /// The next message of the stream. After Malformed it stays malformed.
  Message next();

  /// The next message is an image message with a payload of `text_length` base64 characters. If
  /// `keep` is false its payload is checked and dropped.
  void begin_image(std::uint64_t text_length, bool keep);

  /// Bytes that are kept of the image being read.
  std::size_t kept_bytes() const { return image_.decoder.byte_count(); }

  /// Of the image being read nothing is kept any more, as if it had begun with `keep` false.
  void drop_image() {
    image_.keep = false;
    image_.decoder = Base64Decoder();
  }

  /// Drops the next `count` bytes of the stream, those to come included.
  void skip(std::uint64_t count);

  /// True while a skip waits for bytes to come.
  bool skipping() const { return skip_bytes_ > 0; }

  /// Bytes that came and belong to no message yet.
  std::string_view unread() const { return std::string_view(buffer_).substr(read_offset_); }

 private:
  struct ImageState {
    std::uint64_t text_length = 0;
    std::uint64_t offset = 0;  ///< Bytes of the message read so far.
    std::uint64_t end() const { return text_length + data_overhead_bytes; }
    bool keep = false;
    std::string trailer;  ///< `SP checksum`, as far as it came.
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
  std::size_t scanned_ = 0;  ///< Bytes of unread() already searched for a text message's end.
  bool in_image_ = false;
  ImageState image_;
  std::error_code malformed_;
};

}  // namespace samoyed::protocol
